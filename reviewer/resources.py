"""Where the files that ship with the program are: fonts, icons, styles, translations.

Works alike in a source checkout, where `resources/` stands beside the package, and in a frozen app, where PyInstaller
unpacks it below `sys._MEIPASS`.
"""

import sys
from pathlib import Path


def resource(name: str) -> Path:
    """Return the path of `name` (with forward slashes, such as `"icons/lock.svg"`) inside the resources.

    Raises FileNotFoundError if it did not ship: that is a packaging fault, not something a person can mend.
    """
    root = _root()
    path = (root / name).resolve()
    if not path.is_relative_to(root) or not path.exists():
        raise FileNotFoundError(f"The program is incomplete: its resource {name!r} is missing. Install it again.")
    return path


def _root() -> Path:
    # https://pyinstaller.org/en/stable/runtime-information.html
    frozen_at = getattr(sys, "_MEIPASS", None)
    above = Path(frozen_at) if frozen_at is not None else Path(__file__).parent.parent
    return (above / "resources").resolve()
