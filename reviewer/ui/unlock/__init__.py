"""The unlock page: what stands in front of everything while the keys are not open. Nothing of the content is on it."""

from reviewer.ui.unlock.presenter import UnlockPresenter
from reviewer.ui.unlock.view import UnlockView

__all__ = ["UnlockPresenter", "UnlockView"]
