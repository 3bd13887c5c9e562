"""The review desk: people stand between AI drafts and the world."""

__version__ = "0.1.0"
