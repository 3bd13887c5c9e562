"""The desk on screen: Qt over the services, and nothing that decides.

Guarantees: foreign text is shown as plain text only (`text`), the interface never waits for a service (`worker`), and
all colour and type comes from one place (`theme`).
"""

import ctypes
import sys

from PySide6.QtCore import QObject


def _keep_constants_alive() -> None:
    """Stop a PySide6 built for Python 3.12 from freeing `None`, `True` and `False` under Python 3.10 and 3.11.

    WORKAROUND: the PySide6 6.12.0 wheels return these constants without taking a reference, which is right only where
    they are immortal (PEP 683, Python 3.12). Below that every call of a method without a result takes one reference
    of `None` away, and after some thousand calls the process aborts with "deallocating None". 6.11.3 is not affected.
    Can go with Python 3.12 or a mended PySide6; harmless without the fault, which is measured and not guessed.
    """
    if sys.version_info >= (3, 12):
        return
    probe, calls = QObject(), 64
    before = sys.getrefcount(None)
    for _ in range(calls):
        probe.setObjectName("probe")
    if before - sys.getrefcount(None) < calls // 2:
        return
    for constant in (None, True, False, NotImplemented):
        ctypes.c_ssize_t.from_address(id(constant)).value += 1 << 60


_keep_constants_alive()
