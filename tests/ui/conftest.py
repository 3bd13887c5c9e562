"""What the tests of the screen share. No test asks for a real screen: run with QT_QPA_PLATFORM=offscreen."""

import os

import pytest
from PySide6.QtWidgets import QApplication

from reviewer.ui.theme import Appearance

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture
def appearance(qapp: QApplication) -> Appearance:
    """The look of the desk, light and at 100 percent."""
    return Appearance(qapp, mode="light")
