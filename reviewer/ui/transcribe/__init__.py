"""The page of transcribers: one clip at a time, heard and written down; and the page of those who answer for the pool.

A transcriber's page, its presenter and what they hold know of a clip its id, sound, language, glossary and, where the
policy lets them, the machine's text. Nothing else is there to be shown, logged or found in memory.
"""

from reviewer.ui.transcribe.pool_presenter import PoolPresenter
from reviewer.ui.transcribe.pool_view import PoolView
from reviewer.ui.transcribe.presenter import Listening, Player, TranscribePresenter
from reviewer.ui.transcribe.view import TranscribeView

__all__ = ["Listening", "Player", "PoolPresenter", "PoolView", "TranscribePresenter", "TranscribeView"]
