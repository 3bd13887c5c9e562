"""PII tokens: one for each thing, none shared, and back to the very text."""

import json
import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewer.domain.personal_data import PiiSpan
from reviewer.privacy.tokeniser import TokenMap, mask_card
from reviewer.privacy.tokens import find_tokens, neutralised

_DATA = Path(__file__).parents[4] / "shared" / "data"
_TOKEN = re.compile(r"<([A-Z_]+)_(\d+)>")


def _spans(text: str, *found: tuple[str, str]) -> list[PiiSpan]:
    """Return the spans of every mention of each (words, type)."""
    return [
        PiiSpan(match.start(), match.end(), type_, 1.0)
        for words, type_ in found
        for match in re.finditer(rf"(?<!\w){re.escape(words)}(?!\w)", text)
    ]


def _people(*mentions: str, language: str = "en") -> list[str]:
    """Return the token that each mention gets, in one conversation."""
    tokens = TokenMap()
    return [tokens.tokenise(m, [PiiSpan(0, len(m), "PERSON", 1.0)], language).text for m in mentions]


def test_a_text_comes_back_as_it_was_and_holds_no_name_meanwhile() -> None:
    tokens = TokenMap()
    text = "Jelena Ilić called from 064/123-4567. Jelena's number is +381641234567, gđa Ilić said."
    found = [(name, "PERSON") for name in ("Jelena Ilić", "Jelena", "Ilić")]
    spans = _spans(text, *found, ("064/123-4567", "PHONE_NUMBER"))
    spans.append(PiiSpan(text.index("+381"), text.index(", gđa"), "PHONE_NUMBER", 1.0))
    done = tokens.tokenise(text, spans)
    assert done.text == (
        "<PERSON_1> called from <PHONE_NUMBER_1>. <PERSON_1>'s number is <PHONE_NUMBER_1>, gđa <PERSON_1> said."
    )
    assert tokens.restore(done.text) == (text, [])
    again = TokenMap.from_data(json.loads(json.dumps(tokens.to_data())))
    assert again.restore(done.text) == (text, [])


@pytest.mark.parametrize(
    ("language", "mentions"),
    [
        (
            "en",
            ["John Smith", "john smith", "JOHN SMITH", "Mr. Smith", "John", "Smith, John", "J. Smith", "John A. Smith"],
        ),
        ("en", ["Dr. Chen", "Mei Chen", "Chen's"]),
        (
            "sr",
            [
                "Jelena Ilić",
                "Jelene Ilić",
                "Jeleni",
                "Jelenu Ilić",
                "Jelenom",
                "gđa Ilić",
                "Јелена Илић",
                "JELENA ILIC",
            ],
        ),
        ("sr", ["Marko Petrović", "Marka Petrovića", "Marku", "Markom Petrovićem", "Petroviću", "gospodin Petrović"]),
        ("sr", ["Miloš", "Miloša", "Milošu Obrenoviću", "Miloš Obrenović"]),
        ("sr", ["Petar Kostić", "Petra Kostića", "Petru Kostiću", "Petrom"]),
        ("sr", ["Đorđe Simić", "Đorđa Simića", "Ђорђем", "Djordje Simic"]),
        ("sr", ["Nikola Savić", "Nikole Savića", "Nikoli", "Nikolu"]),
        ("sr", ["Ivan Tasić", "Ivana Tasića", "Ivanom", "Tasićem"]),
    ],
)
def test_one_person_has_one_token_under_all_their_names(language: str, mentions: list[str]) -> None:
    for order in (mentions, [mentions[0], *mentions[:0:-1]]):
        tokens = TokenMap()
        got = [tokens.tokenise(m, [PiiSpan(0, len(m), "PERSON", 1.0)], language).text for m in order]
        assert set(got) == {"<PERSON_1>"}, list(zip(order, got, strict=True))


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "John Smith", "Jane Smith"),
        ("en", "Mr. Smith", "Mrs. Smith"),
        ("en", "John Smith", "Mrs. Smith"),
        ("en", "Mario Rossi", "Maria Rossi"),
        ("en", "Martin Berg", "Martina Berg"),
        ("en", "Maren", "Martin"),
        ("en", "John Andrew Smith", "John Brian Smith"),
        ("sr", "Ivan Petrović", "Ivana Petrović"),
        ("sr", "Ivana", "Ivan"),
        ("sr", "Branko", "Branka"),
        ("sr", "Jelena Ilić", "Jelena Petrović"),
        ("sr", "Marko Ilić", "gđa Ilić"),
        ("sr", "Mile", "Mila"),
        ("sr", "Milan", "Miloš"),
        ("sr", "Aleksandar Jović", "Aleksandra Jović"),
    ],
)
def test_two_people_never_share_a_token(language: str, one: str, other: str) -> None:
    assert _people(one, other, language=language) == ["<PERSON_1>", "<PERSON_2>"]
    assert _people(other, one, language=language) == ["<PERSON_1>", "<PERSON_2>"]


def test_a_name_that_fits_two_people_is_given_to_neither() -> None:
    first, second, third = _people("Jelena Ilić", "Jelena Petrović", "Jelena", language="sr")
    assert len({first, second, third}) == 3


@pytest.mark.parametrize(
    ("type_", "spellings"),
    [
        ("PHONE_NUMBER", ["+1 202 555 0107", "(202) 555-0107", "202.555.0107", "2025550107"]),
        ("PHONE_NUMBER", ["064 123 4567", "+381 64 123-4567", "00381641234567"]),
        ("EMAIL_ADDRESS", ["Ana@Example.com", "ana@example.com", "ana at example dot com"]),
        ("US_SSN", ["521-44-9382", "521 44 9382", "521449382"]),
        ("LOCATION", ["Novi Sad", "NOVI  SAD", "Нови Сад"]),
    ],
)
def test_one_thing_has_one_token_in_all_its_spellings(type_: str, spellings: list[str]) -> None:
    tokens = TokenMap()
    done = {tokens.tokenise(s, [PiiSpan(0, len(s), type_, 1.0)]).text for s in spellings}
    assert done == {f"<{type_}_1>"}


def test_a_text_of_somebody_else_gets_the_fullest_names() -> None:
    tokens = TokenMap()
    for text in ("Jelene Ilić nema.", "Zove Jelena.", "Jelena Ilić je tu."):
        tokens.tokenise(text, _spans(text, *((n, "PERSON") for n in ("Jelene Ilić", "Jelena Ilić"))) or
                        _spans(text, ("Jelena", "PERSON")), "sr")  # fmt: skip
    assert tokens.restore("Dear <PERSON_1>, thank you.") == ("Dear Jelene Ilić, thank you.", []) or tokens.restore(
        "Dear <PERSON_1>, thank you."
    ) == ("Dear Jelena Ilić, thank you.", [])


@pytest.mark.parametrize(
    "altered",
    ["<PERSON_2>", "<ID_1>", "<person_1>", "PERSON_1", "[PERSON_1]", "<PERSON 1>", "< PERSON_1 >", "<PERSON_1",
     "<PERSON_01>",
     "<PERSON>", "<PERSONA_1>", "<PERSON_1>u"],
)  # fmt: skip
def test_an_unknown_or_altered_token_is_shown_and_never_guessed(altered: str) -> None:
    tokens = TokenMap()
    tokens.tokenise("Ana", [PiiSpan(0, 3, "PERSON", 1.0)])
    text = f"Dear {altered}, hello <PERSON_1>."
    restored, (damage,) = tokens.restore(text)
    assert text[damage.start : damage.end].strip("<>[] u") == altered.strip("<>[] u")
    assert restored.endswith("hello Ana.")


def test_what_looks_like_a_token_comes_back_and_stands_for_nobody() -> None:
    text = "He wrote <PERSON_1> and PERSON_2, <~PERSON_3>, ~PERSON_4, <person 5>, <CUSTOMER>. Ana read it."
    tokens = TokenMap()
    done = tokens.tokenise(text, _spans(text, ("Ana", "PERSON")))
    assert _TOKEN.findall(done.text) == [("PERSON", "1")]
    assert tokens.restore(done.text) == (text, [])
    assert list(find_tokens(neutralised("<PERSON_1>"))) != []  # the gate does not let it pass either


def test_card_numbers_are_masked_for_good() -> None:
    text = "Card 4111 1111 1111 1234, again 4111-1111-1111-1234."
    tokens = TokenMap()
    done = tokens.tokenise(
        text, _spans(text, ("4111 1111 1111 1234", "CREDIT_CARD"), ("4111-1111-1111-1234", "CREDIT_CARD"))
    )
    assert done.text == "Card **** **** **** 1234, again ****-****-****-1234."
    assert done.masked == 2
    assert tokens.restore(done.text) == (done.text, [])
    assert "4111" not in json.dumps(tokens.to_data())
    assert mask_card("four one one one, one one one one, one one one one, one two three four") == "****1234"


_ODD = st.text(alphabet="<>~_1 2PERSONperson[]aAžЖ\n", max_size=40)


@given(
    _ODD,
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 8), st.sampled_from(["PERSON", "ID", "AGE"])), max_size=5),
)
def test_tokenise_then_restore_is_the_identity_on_hostile_texts(text: str, places: list[tuple[int, int, str]]) -> None:
    spans = [PiiSpan(s, min(s + length, len(text)), t, 1.0) for s, length, t in places if s < len(text)]
    tokens = TokenMap()
    done = tokens.tokenise(text, spans)
    assert tokens.restore(done.text) == (text, [])


@given(
    st.lists(
        st.sampled_from(["Ana", "Ane", "Ana Ilić", "Marko", "Marka", "Ilić", "Marko Ilić", "gđa Ilić", "Ивана"]),
        max_size=12,
    )
)
def test_a_conversation_comes_back_whatever_its_names(mentions: list[str]) -> None:
    tokens = TokenMap()
    text, spans = "", []
    for mention in mentions:
        spans.append(PiiSpan(len(text), len(text) + len(mention), "PERSON", 1.0))
        text += f"{mention}, "
    done = tokens.tokenise(text, spans, "sr")
    assert tokens.restore(done.text) == (text, [])
    assert not any(name in done.text for name in ("Ana", "Marko", "Ilić", "Ивана"))


def test_tokenise_then_restore_is_the_identity_on_every_real_text(
    loud_skip: Callable[[str], NoReturn], count: Callable[[int, int], int]
) -> None:
    if not _DATA.exists():
        loud_skip("no corpora in data")
    number = 0
    step = count(6, 1)  # every text, or one in six
    for path in sorted(_DATA.glob("*.jsonl")):
        for text, spans in islice(_texts(path), 0, None, step):
            tokens = TokenMap()
            done = tokens.tokenise(text, spans)
            expected = text
            for span in sorted(spans, reverse=True):
                if span.type == "CREDIT_CARD":
                    expected = expected[: span.start] + mask_card(text[span.start : span.end]) + expected[span.end :]
            assert tokens.restore(done.text) == (expected, [])
            number += 1
    assert number > 5_000 / step


def _texts(path: Path) -> Iterator[tuple[str, list[PiiSpan]]]:
    """Yield every text of a corpus with spans: the annotators' where there are, else all capitals and numbers."""
    with path.open(encoding="utf-8") as lines:
        for record in map(json.loads, lines):
            if "spans" in record and "text" in record:
                labels = {"PER": "PERSON", "LOC": "LOCATION"}
                yield (
                    record["text"],
                    [PiiSpan(s["start"], s["end"], labels.get(s["label"], s["label"]), 1.0) for s in record["spans"]],
                )
                continue
            for text in _strings(record):
                yield (
                    text,
                    [PiiSpan(*match.span(), "PERSON", 1.0) for match in re.finditer(r"[A-ZČŠŽ]\w+|\d[\d ]+", text)],
                )


def _strings(record: dict[str, Any]) -> Iterator[str]:
    for key in ("draft", "sentence", "response", "transcript", "comment", "text"):
        if isinstance(record.get(key), str):
            yield record[key]
    for turn in record.get("source") or []:
        yield turn["text"]
