"""The review page: claim, read, edit, decide, undo."""

from reviewer.ui.desk.background import BackgroundAnalysis
from reviewer.ui.desk.presenter import DeskPresenter
from reviewer.ui.desk.spelling import DeskSpelling
from reviewer.ui.desk.view import DeskView

__all__ = ["BackgroundAnalysis", "DeskPresenter", "DeskSpelling", "DeskView"]
