"""Finding personal data: what stands in a text that says who somebody is.

`load(profile)` gives a Detector; the first one of a process takes some seconds, as Presidio and the model are read then.
Guarantees: nothing reaches the network; offsets count code points of the text as given; the same text and profile give
the same spans, always; a missing or damaged model is an error, never an empty answer.
"""

from reviewer.domain.personal_data import PiiSpan
from reviewer.privacy.detector import Detector, Profile, load

__all__ = ["Detector", "PiiSpan", "Profile", "load"]
