"""Load `resources/verify.py`, the verifier that ships beside an export, as a module."""

import importlib.util
import sys

from reviewer.resources import resource

_spec = importlib.util.spec_from_file_location("verify", resource("verify.py"))
assert _spec is not None
assert _spec.loader is not None
alone = importlib.util.module_from_spec(_spec)
sys.modules["verify"] = alone
_spec.loader.exec_module(alone)
