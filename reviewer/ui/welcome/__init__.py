"""The first page of a new profile: make a workspace."""

from reviewer.ui.welcome.view import RecoveryCodeView, WelcomeView

__all__ = ["RecoveryCodeView", "WelcomeView"]
