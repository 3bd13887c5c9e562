"""The settings page: look, holds, keys."""

from reviewer.ui.settings.view import SettingsView

__all__ = ["SettingsView"]
