"""Mark domain labels for translation without knowing Qt."""


def QT_TRANSLATE_NOOP(context: str, text: str) -> str:  # noqa: N802 - pyside6-lupdate looks for this very name
    """Return `text`; the front end translates it with `context` when it shows it."""
    del context
    return text
