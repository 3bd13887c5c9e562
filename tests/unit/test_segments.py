"""Segments of an SMS, against worked examples and a slow count of its own."""

from hypothesis import given
from hypothesis import strategies as st

from reviewer.domain.segments import Encoding, SmsCount, count

# 3GPP TS 23.038 written down a second time, by code point, so that a slip in the module's table shows.
_ONE_SEPTET = (
    {0x0A, 0x0D, 0x20, 0x5F, 0x40}
    | set(range(0x21, 0x40))
    | set(range(0x41, 0x5B))
    | set(range(0x61, 0x7B))
    | {0xA1, 0xA3, 0xA4, 0xA5, 0xA7, 0xBF, 0xC4, 0xC5, 0xC6, 0xC7, 0xC9, 0xD1, 0xD6, 0xD8, 0xDC, 0xDF}
    | {0xE0, 0xE4, 0xE5, 0xE6, 0xE8, 0xE9, 0xEC, 0xF1, 0xF2, 0xF6, 0xF8, 0xF9, 0xFC}
    | {0x393, 0x394, 0x398, 0x39B, 0x39E, 0x3A0, 0x3A3, 0x3A6, 0x3A8, 0x3A9}
)
_TWO_SEPTETS = {0x0C, 0x5B, 0x5C, 0x5D, 0x5E, 0x7B, 0x7C, 0x7D, 0x7E, 0x20AC}

_gsm_7 = st.sampled_from(sorted(map(chr, _ONE_SEPTET | _TWO_SEPTETS)))
_any = st.characters() | st.sampled_from("aé €{}😀ћ\U0001f1f7\ud83d\ude00")


def _runs(characters: str) -> st.SearchStrategy[str]:
    """Texts long enough to need several segments."""
    run = st.tuples(st.sampled_from(characters), st.integers(1, 160))
    return st.lists(run, max_size=12).map(lambda runs: "".join(character * times for character, times in runs))


_texts = _runs("ab€{|é") | _runs("aћ😀") | st.text(_any)


def _slow_count(text: str) -> SmsCount:
    offenders = [(place, c) for place, c in enumerate(text) if ord(c) not in _ONE_SEPTET | _TWO_SEPTETS]
    if offenders:
        # Two lone halves side by side become one pair on the wire.
        sent = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
        costs = [2 if ord(c) > 0xFFFF else 1 for c in sent]
        encoding, alone, joined = Encoding.UCS_2, 70, 67
    else:
        costs = [2 if ord(c) in _TWO_SEPTETS else 1 for c in text]
        encoding, alone, joined = Encoding.GSM_7, 160, 153
    per_segment = alone if sum(costs) <= alone else joined
    segments = [0]
    for cost in costs:
        if segments[-1] + cost > per_segment:
            segments.append(0)
        segments[-1] += cost
    left = per_segment - segments[-1]
    return SmsCount(encoding, sum(costs), len(segments), per_segment, left, tuple(offenders[:5]))


@given(_texts)
def test_any_text_is_counted_as_by_the_slow_count(text: str) -> None:
    assert count(text) == _slow_count(text)


@given(st.text(_gsm_7))
def test_a_text_of_the_default_alphabet_is_never_sent_as_ucs_2(text: str) -> None:
    assert count(text).encoding == "GSM-7"


def test_every_character_of_the_basic_plane_costs_what_the_standard_says() -> None:
    cost = {code: counted.units for code in range(0x10000) if (counted := count(chr(code))).encoding is Encoding.GSM_7}
    assert cost == dict.fromkeys(_ONE_SEPTET, 1) | dict.fromkeys(_TWO_SEPTETS, 2)
    assert (len(_ONE_SEPTET), len(_TWO_SEPTETS)) == (127, 10)


def test_an_empty_text_is_one_empty_segment() -> None:
    assert count("") == SmsCount(Encoding.GSM_7, 0, 1, 160, 160, ())


def test_160_septets_fit_one_segment() -> None:
    assert count("a" * 160) == SmsCount(Encoding.GSM_7, 160, 1, 160, 0, ())


def test_161_septets_take_two_segments_of_153() -> None:
    assert count("a" * 161) == SmsCount(Encoding.GSM_7, 161, 2, 153, 145, ())


def test_the_euro_sign_takes_two_septets() -> None:
    assert count("5 €").units == 4


def test_an_extension_character_never_straddles_two_segments() -> None:
    text = "a" * 152 + "€" + "a" * 152
    assert count(text) == SmsCount(Encoding.GSM_7, 306, 3, 153, 152, ())


def test_70_code_units_fit_one_ucs_2_segment() -> None:
    assert count("ж" * 70).segments == 1
    assert count("ж" * 71) == SmsCount(
        Encoding.UCS_2, 71, 2, 67, 63, ((0, "ж"), (1, "ж"), (2, "ж"), (3, "ж"), (4, "ж"))
    )


def test_a_surrogate_pair_is_not_split_between_segments() -> None:
    counted = count("a" * 66 + "😀" + "a" * 10)
    assert (counted.segments, counted.units, counted.left_in_segment) == (2, 78, 67 - 12)


def test_one_curly_quote_forces_ucs_2_and_is_pointed_out() -> None:
    counted = count("Don’t")
    assert (counted.encoding, counted.forced_by) == ("UCS-2", ((3, "’"),))


def test_the_place_of_an_offender_is_in_code_points() -> None:
    assert count("a😀ж").forced_by == ((1, "😀"), (2, "ж"))


def test_serbian_latin_needs_ucs_2_for_its_own_letters_only() -> None:
    assert count("Vidimo se u utorak").encoding is Encoding.GSM_7
    assert count("Čekam").forced_by == ((0, "Č"),)
