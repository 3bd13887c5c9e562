"""Count an SMS as the carrier will: its encoding, its segments, and what forces the dearer encoding.

Source of the rules: 3GPP TS 23.038 (formerly GSM 03.38), clause 6.2.1, for the default alphabet and its extension
table; 3GPP TS 23.040, clause 9.2.3.24.1, for concatenation. A short message carries 140 octets: 160 septets, or 70
UTF-16 code units. A longer text is cut into segments that each give 6 octets to the concatenation header: 153 septets,
or 67 code units.

Guarantees: what takes two units (an extension character, a surrogate pair) lies whole in one segment; a unit that would
have to be split off stays unused. National language shift tables are not considered, since carriers need not keep them.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

# 3GPP TS 23.038, table 6.2.1, in the order of its codes; 0x1B, the escape, is no character.
_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)
# 3GPP TS 23.038, table 6.2.1.1: each costs the escape and one more septet.
_EXTENSION = "\f^{}\\[~]|€"
_ESCAPE = "\x1b"

_UNSENDABLE_IN_GSM_7 = re.compile(f"[^{re.escape(_BASIC + _EXTENSION)}]")
_ESCAPED = str.maketrans({character: _ESCAPE + character for character in _EXTENSION})
_SHOWN_OFFENDERS = 5


class Encoding(StrEnum):
    """How the characters of an SMS are carried."""

    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


@dataclass(frozen=True)
class SmsCount:
    """What a text costs as an SMS. An empty text counts as one empty segment.

    `units` are septets in GSM-7 and UTF-16 code units in UCS-2, without those left unused at the end of a segment;
    `forced_by` are the first few (position in code points, character) that GSM-7 lacks.
    """

    encoding: Encoding
    units: int
    segments: int
    per_segment: int
    left_in_segment: int
    forced_by: tuple[tuple[int, str], ...]


def count(text: str) -> SmsCount:
    """Count the segments of an SMS."""
    offenders = islice(_UNSENDABLE_IN_GSM_7.finditer(text), _SHOWN_OFFENDERS)
    forced_by = tuple((match.start(), match.group()) for match in offenders)
    return _count_ucs_2(text, forced_by) if forced_by else _count_gsm_7(text)


def _count_gsm_7(text: str) -> SmsCount:
    septets = text.translate(_ESCAPED)
    if len(septets) <= 160:
        return SmsCount(Encoding.GSM_7, len(septets), 1, 160, 160 - len(septets), ())
    start, segments = 0, 1
    while len(septets) - start > 153:
        start += 153
        start -= septets[start - 1] == _ESCAPE
        segments += 1
    return SmsCount(Encoding.GSM_7, len(septets), segments, 153, 153 - (len(septets) - start), ())


def _count_ucs_2(text: str, forced_by: tuple[tuple[int, str], ...]) -> SmsCount:
    octets = text.encode("utf-16-be", "surrogatepass")
    units = len(octets) // 2
    if units <= 70:
        return SmsCount(Encoding.UCS_2, units, 1, 70, 70 - units, forced_by)
    start, segments = 0, 1
    while units - start > 67:
        start += 67
        start -= _is_inside_pair(octets, start)
        segments += 1
    return SmsCount(Encoding.UCS_2, units, segments, 67, 67 - (units - start), forced_by)


def _is_inside_pair(octets: bytes, unit: int) -> bool:
    before, after = octets[2 * unit - 2], octets[2 * unit]
    return 0xD8 <= before <= 0xDB and 0xDC <= after <= 0xDF
