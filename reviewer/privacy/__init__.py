"""Personal data: found, replaced by PII tokens, and kept from going out wrong.

`load(profile)` gives a Detector; the first one of a process takes some seconds, as Presidio and the model are read then,
and only then: the gate and the tokens cost no start anything.
Guarantees: nothing reaches the network; offsets count code points of the text as given; the same text and profile give
the same spans, always; a missing or damaged model is an error, never an empty answer.
"""

from typing import TYPE_CHECKING

from reviewer.domain.personal_data import PiiSpan
from reviewer.resources import resource

if TYPE_CHECKING:
    from reviewer.privacy.detector import Detector

__all__ = ["PiiSpan", "is_there", "load"]


def is_there() -> bool:
    """Tell whether the model is installed, which is no part of the checkout; a cheap look."""
    try:
        return resource("privacy/model.onnx").is_file()
    except FileNotFoundError:
        return False


def load(profile: str = "balanced") -> "Detector":
    """Return a detector. Raises DetectorUnavailableError where the model is missing or damaged."""
    from reviewer.privacy import detector

    return detector.load(profile)
