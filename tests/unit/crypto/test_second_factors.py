"""One-time codes: the vectors of RFC 6238, the steps about now, and whose they are."""

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewer.crypto import Identity, Owner, SecondFactor
from reviewer.domain.errors import SealBrokenError

# RFC 6238, appendix B, SHA-1: the last six of their eight digits.
_VECTORS = {
    59: "287082",
    1111111109: "081804",
    1111111111: "050471",
    1234567890: "005924",
    2000000000: "279037",
    20000000000: "353130",
}
_RFC = SecondFactor(b"12345678901234567890")
_OWNER = Owner("workspace", "member")


@pytest.mark.parametrize(("at", "code"), _VECTORS.items())
def test_the_codes_are_those_of_the_rfc(at: int, code: str) -> None:
    assert _RFC.code(at // 30) == code
    assert _RFC.step_of(code, at) == at // 30


@given(st.integers(10, 10**9), st.integers(-3, 3))
def test_a_code_fits_one_step_early_or_late_and_no_further(step: int, off: int) -> None:
    code = _RFC.code(step + off)
    others = {_RFC.code(near) for near in range(step - 1, step + 2) if near != step + off}
    expected = step + off if abs(off) <= 1 else None
    if code not in others:  # two steps share a code once in a million
        assert _RFC.step_of(code, step * 30 + 12.5) == expected


@pytest.mark.parametrize(
    "typed", ["", "28708", "2870820", "28708x", "٢٨٧٠٨٢", "２８７０８２", "-28708", "28 70 8", "0x1234"]
)
def test_what_is_no_code_fits_nothing(typed: str) -> None:
    assert _RFC.step_of(typed, 59) is None


def test_spaces_in_a_code_do_not_matter() -> None:
    assert _RFC.step_of(" 287 082\n", 59) == 1


def test_the_address_for_the_app_holds_what_it_must() -> None:
    parts = urlsplit(_RFC.uri("Dr Ana Ilić"))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert asked == {
        "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
        "issuer": "Review desk",
        "algorithm": "SHA1",
        "digits": "6",
        "period": "30",
    }


def test_two_factors_differ_and_neither_shows_its_secret() -> None:
    one, other = SecondFactor.new(), SecondFactor.new()
    assert [one.code(step) for step in range(5)] != [other.code(step) for step in range(5)]
    assert repr(one) == repr(other)


def test_a_second_factor_put_in_place_of_another_does_not_open() -> None:
    mine, theirs = Identity.new(), Identity.new()
    sealed = _RFC.seal(mine, _OWNER)
    assert SecondFactor.open(sealed, mine, _OWNER).code(1) == "287082"
    for identity, owner in ((theirs, _OWNER), (mine, Owner("workspace", "other")), (mine, Owner("other", "member"))):
        with pytest.raises(SealBrokenError):
            SecondFactor.open(sealed, identity, owner)
    with pytest.raises(SealBrokenError):
        SecondFactor.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), mine, _OWNER)
