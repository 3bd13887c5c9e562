"""The first page of a new profile: make a workspace."""

from reviewer.ui.welcome.view import WelcomeView

__all__ = ["WelcomeView"]
