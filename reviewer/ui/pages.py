"""Pages that scroll: a title and panels under it, no wider than reads well."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from reviewer.ui.theme import set_role

_WIDEST_PX = 980


def scrolling_page(owner: QWidget, title: str) -> tuple[QWidget, QVBoxLayout]:
    """Fill `owner` with a page that scrolls, and return it with the column under its title."""
    outer = QVBoxLayout(owner)
    outer.setContentsMargins(0, 0, 0, 0)
    scroll = QScrollArea(owner)
    scroll.setWidgetResizable(True)
    scroll.setFrameShape(QFrame.Shape.NoFrame)
    scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # it scrolls to what has the focus
    page = QWidget(scroll)
    column = QVBoxLayout(page)
    column.setContentsMargins(24, 24, 24, 24)
    column.setSpacing(16)
    heading = QLabel(title, page)
    set_role(heading, "title")
    column.addWidget(heading)
    page.setMaximumWidth(_WIDEST_PX)
    scroll.setWidget(page)
    outer.addWidget(scroll)
    return page, column
