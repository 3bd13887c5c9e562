"""The page of transcribers: one clip at a time, heard and written down; and the page of those who answer for the pool.

A transcriber's page, its presenter and what they hold know of a clip its id, sound, language, glossary and, where the
policy lets them, the machine's text. Nothing else is there to be shown, logged or found in memory.
"""

from reviewer.ui.transcribe.pages import TranscribePages

__all__ = ["TranscribePages"]
