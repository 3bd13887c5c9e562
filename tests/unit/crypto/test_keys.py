"""Workspace keys wrap data keys, data keys seal fields and key digests; each for its own place only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewer.crypto import DataKey, FieldPlace, Identity, Owner, WorkspaceKey, first_bad_signature
from reviewer.crypto.sealing import OVERHEAD_BYTES, binding
from reviewer.crypto.signatures import SignatureCheckers, Signed, is_valid
from reviewer.domain.errors import SealBrokenError

_PLACE = FieldPlace("workspace", "content", "row", "draft")
_parts = st.lists(st.one_of(st.text(max_size=4), st.integers(-3, 3)), max_size=4)


@given(st.binary(max_size=200))
def test_what_is_sealed_opens_at_its_place(plaintext: bytes) -> None:
    key = DataKey.new("conversation")
    sealed = key.seal(_PLACE, plaintext)
    assert key.open(_PLACE, sealed) == plaintext
    assert len(sealed) == len(plaintext) + OVERHEAD_BYTES
    assert sealed[0] == 1  # the algorithm


def test_the_same_text_is_sealed_differently_each_time() -> None:
    key = DataKey.new("conversation")
    assert len({key.seal(_PLACE, b"text") for _ in range(100)}) == 100


@given(_parts, _parts)
def test_no_two_places_share_their_bytes(one: list[str | int], other: list[str | int]) -> None:
    assert (binding("tag", *one) == binding("tag", *other)) == (one == other)


def test_a_changed_bit_anywhere_closes_a_field() -> None:
    key = DataKey.new("conversation")
    sealed = key.seal(_PLACE, b"text")
    for bit in range(8 * len(sealed)):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealBrokenError):
            key.open(_PLACE, bytes(changed))


def test_a_data_key_travels_wrapped_under_its_workspace_key() -> None:
    workspace_key, key = WorkspaceKey.new("workspace", 1), DataKey.new("conversation")
    opened = workspace_key.unwrap(workspace_key.wrap(key), "conversation", key.id)
    assert opened.open(_PLACE, key.seal(_PLACE, b"text")) == b"text"


def test_a_wrapped_data_key_opens_for_its_conversation_generation_and_workspace_only() -> None:
    made, key = WorkspaceKey.new("workspace", 1), DataKey.new("conversation")
    wrapped = made.wrap(key)
    secret = made._secret
    wrong = (
        (made, "other", key.id),
        (made, "conversation", "0" * 32),
        (WorkspaceKey("workspace", 2, secret), "conversation", key.id),
        (WorkspaceKey("other", 1, secret), "conversation", key.id),
        (WorkspaceKey.new("workspace", 1), "conversation", key.id),
    )
    for workspace_key, conversation, key_id in wrong:
        with pytest.raises(SealBrokenError):
            workspace_key.unwrap(wrapped, conversation, key_id)


def test_a_new_generation_rewraps_and_leaves_content_alone() -> None:
    old, new, key = WorkspaceKey.new("workspace", 1), WorkspaceKey.new("workspace", 2), DataKey.new("conversation")
    sealed = key.seal(_PLACE, b"text")
    again = new.wrap(old.unwrap(old.wrap(key), "conversation", key.id))
    assert new.unwrap(again, "conversation", key.id).open(_PLACE, sealed) == b"text"


def test_a_member_opens_the_workspace_key_that_was_sealed_to_them() -> None:
    made, ann, ben = WorkspaceKey.new("workspace", 3), Identity.new(), Identity.new()
    sealed, fingerprint = made.seal_to("ann", ann.public), made.fingerprint
    owner = Owner("workspace", "ann")
    opened = WorkspaceKey.open(sealed, ann, owner, generation=3, fingerprint=fingerprint)
    assert opened.fingerprint == fingerprint
    for identity, who, generation in (
        (ben, owner, 3),
        (ann, Owner("workspace", "ben"), 3),
        (ann, Owner("other", "ann"), 3),
        (ann, owner, 2),
    ):
        with pytest.raises(SealBrokenError):
            WorkspaceKey.open(sealed, identity, who, generation=generation, fingerprint=fingerprint)


def test_a_workspace_key_slipped_in_by_whoever_owns_the_database_is_refused() -> None:
    made, planted, ann = WorkspaceKey.new("workspace", 1), WorkspaceKey.new("workspace", 1), Identity.new()
    sealed = planted.seal_to("ann", ann.public)  # anybody who knows a public key can do this
    with pytest.raises(SealBrokenError, match="the ledger names"):
        WorkspaceKey.open(sealed, ann, Owner("workspace", "ann"), generation=1, fingerprint=made.fingerprint)


def test_a_digest_is_found_again_only_with_the_conversations_key() -> None:
    key, other = DataKey.new("conversation"), DataKey.new("conversation")
    digest = key.digest("draft", b"call me")
    assert key.has_digest("draft", b"call me", digest)
    assert key.digest("draft", b"call me") == digest
    assert not key.has_digest("draft", b"call me!", digest)
    assert not key.has_digest("final", b"call me", digest)
    assert not other.has_digest("draft", b"call me", digest)
    assert not DataKey("conversation", key.id, other.secret).has_digest("draft", b"call me", digest)
    assert not key.has_digest("draft", b"call me", f"hmac-sha256:{key.id}:no hex")


def test_keys_do_not_show_in_what_is_printed() -> None:
    key = DataKey.new("conversation")
    assert key.secret.hex() not in repr(key)
    assert "secret" not in repr(WorkspaceKey.new("workspace", 1))


def test_a_signature_under_a_key_of_small_order_is_refused() -> None:
    # With the identity as key and R, and s = 0, the equation holds for every message.
    identity = bytes([1]) + bytes(31)
    assert not is_valid(identity, b"any message", identity + bytes(32))


def _batch(size: int) -> list[Signed]:
    identity = Identity.new()
    messages = [str(number).encode() for number in range(size)]
    return [(identity.public.sign, message, identity.sign(message)) for message in messages]


def test_the_first_bad_signature_is_named() -> None:
    batch = _batch(20)
    assert first_bad_signature(batch) is None
    for place in (17, 3):
        batch[place] = (batch[place][0], b"other", batch[place][2])
        assert first_bad_signature(batch) == place


def test_several_processes_name_the_same_first_bad_signature() -> None:
    batch = _batch(600)
    with SignatureCheckers(processes=2) as checkers:
        assert checkers.first_bad_signature(batch) is None
        for place in (599, 301, 300):
            batch[place] = (batch[place][0], b"other", batch[place][2])
            assert checkers.first_bad_signature(batch) == place
