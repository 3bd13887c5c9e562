"""The team page: how the work stands, and moving what somebody holds."""

from reviewer.ui.oversight.presenter import OversightPresenter
from reviewer.ui.oversight.view import OversightView

__all__ = ["OversightPresenter", "OversightView"]
