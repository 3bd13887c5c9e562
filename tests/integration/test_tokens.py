"""PII tokens for drafting systems: one map for each conversation, sealed, audited, and erased with it."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from reviewer.domain.errors import InputRefusedError, NotFoundError, RuleError
from reviewer.domain.members import Role
from reviewer.domain.personal_data import PiiSpan
from tests.factories import Profile


def _find(text: str, language: str | None) -> tuple[PiiSpan, ...]:
    """Find capitalised words and telephone numbers, which is enough here."""
    names = [PiiSpan(*m.span(), "PERSON", 1.0) for m in re.finditer(r"[A-Z][a-zć]+(?: [A-Z][a-zć]+)*", text)]
    return (*names, *(PiiSpan(*m.span(), "PHONE_NUMBER", 1.0) for m in re.finditer(r"\+[\d ]+\d", text)))


def test_a_conversation_keeps_its_tokens_from_text_to_text(profile: Profile) -> None:
    tokens = profile.services().tokens
    one = tokens.tokenise("crm", "c-1", "Jelena Ilić: call me on +1 202 555 0107", _find, language="sr")
    two = tokens.tokenise("crm", "c-1", "ok Jelena, +12025550107?", _find, language="sr")
    other = tokens.tokenise("crm", "c-2", "hello Marko", _find)
    assert one.text == "<PERSON_1>: call me on <PHONE_NUMBER_1>"
    assert two.text == "ok <PERSON_1>, <PHONE_NUMBER_1>?"
    assert other.text == "hello <PERSON_1>"
    assert tokens.restore("crm", "c-1", "Dear <PERSON_1>").text == "Dear Jelena Ilić"
    assert tokens.restore("crm", "c-2", "Dear <PERSON_1>").text == "Dear Marko"
    assert tokens.restore("crm", "c-1", two.text).text == "ok Jelena, +12025550107?"


def test_an_unknown_or_damaged_token_gives_no_text_at_all(profile: Profile) -> None:
    tokens = profile.services().tokens
    tokens.tokenise("crm", "c-1", "hello Marko", _find)
    restored = tokens.restore("crm", "c-1", "<PERSON_1> and <PERSON_2> and <person_1>")
    assert restored.text is None
    assert [(d.start, d.end) for d in restored.damages] == [(15, 25), (30, 40)]
    with pytest.raises(NotFoundError):
        tokens.restore("crm", "c-9", "<PERSON_1>")
    with pytest.raises(NotFoundError):
        tokens.restore("other", "c-1", "<PERSON_1>")


def test_callers_at_once_agree_on_the_tokens(profile: Profile) -> None:
    tokens = profile.services().tokens
    names = [f"Name{chr(97 + n)}" for n in range(12)]
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda name: tokens.tokenise("crm", "c", f"{name} here", _find).text, names * 2))
    by_name = dict(zip(names, done, strict=False))
    assert len(set(by_name.values())) == len(names)
    assert done[: len(names)] == done[len(names) :]


def test_the_database_and_the_ledger_hold_no_value(profile: Profile) -> None:
    tokens = profile.services().tokens
    done = tokens.tokenise("crm", "c-1", "hello Marko Savić", _find)
    assert tokens.reveal("crm", "c-1") == {"<PERSON_1>": "Marko Savić"}
    ((sealed,),) = profile.rows("SELECT map FROM conversation")
    assert b"Marko" not in bytes(sealed)
    bodies = [str(bytes(body)) for (body,) in profile.rows("SELECT body FROM entry")]
    assert not any("Marko" in body for body in bodies)
    assert any(done.digest in body for body in bodies)
    assert profile.events()[-2:] == ["tokenised", "revealed"]


def test_erasing_a_conversation_takes_its_tokens_along(profile: Profile) -> None:
    services = profile.services()
    services.tokens.tokenise("tests", "c-1", "hello Marko", _find)
    item_id = profile.put(id="c-1")
    services.vault.erase(item_id)
    with pytest.raises(NotFoundError):
        services.tokens.restore("tests", "c-1", "<PERSON_1>")
    assert profile.rows("SELECT * FROM conversation") == []


def test_a_map_outlives_a_new_key_of_the_workspace(profile: Profile) -> None:
    services = profile.services()
    services.tokens.tokenise("crm", "c-1", "hello Marko", _find)
    services.vault.rotate()
    assert services.tokens.restore("crm", "c-1", "hi <PERSON_1>").text == "hi Marko"


def test_only_some_may_see_what_tokens_stand_for(profile: Profile) -> None:
    profile.services().tokens.tokenise("crm", "c-1", "hello Marko", _find)
    with pytest.raises(RuleError):
        profile.services(profile.actor(Role.TRANSCRIBER)).tokens.restore("crm", "c-1", "<PERSON_1>")
    with pytest.raises(InputRefusedError):
        profile.services().tokens.tokenise("crm", " ", "x", _find)
