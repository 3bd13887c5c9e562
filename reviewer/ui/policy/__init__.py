"""The policy page: which rules check which kind of draft."""

from reviewer.ui.policy.presenter import PolicyPresenter
from reviewer.ui.policy.view import PolicyView

__all__ = ["PolicyPresenter", "PolicyView"]
