"""PII tokens for drafting systems: tokenise before a model reads a text, restore what it wrote.

Guarantees: the map of a conversation is sealed under that conversation's key and nowhere else; tokens are allotted
in one transaction, so
two callers at once agree; a restored text with a token that is unknown or damaged is not given out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reviewer.domain import limits
from reviewer.domain.errors import InputRefusedError, NotFoundError, RuleError
from reviewer.domain.events import Action
from reviewer.domain.members import Actor, Role
from reviewer.domain.personal_data import PiiSpan
from reviewer.privacy.tokeniser import TokenMap
from reviewer.privacy.tokens import Damage
from reviewer.storage import Store, Transaction, conversations

Find = Callable[[str, str | None], tuple[PiiSpan, ...]]
_MAY_REVEAL = frozenset({Role.PRODUCER, Role.ADMIN, Role.AGENT, Role.CLINICIAN, Role.SUPERVISOR})


@dataclass(frozen=True, slots=True)
class TokenisedText:
    """A text that a model may read; `digest` is its keyed digest, as the ledger has it."""

    text: str
    tokens: int
    masked: int
    digest: str


@dataclass(frozen=True, slots=True)
class RestoredText:
    """A text with its values back; None, and the damages, where a token is unknown or altered."""

    text: str | None
    damages: tuple[Damage, ...] = ()


class Tokens:
    """The PII tokens of this workspace's conversations, for one producer of drafts."""

    def __init__(self, store: Store, actor: Actor) -> None:
        self._store = store
        self._actor = actor

    def tokenise(
        self, producer: str, conversation: str, text: str, find: Find, *, language: str | None = None
    ) -> TokenisedText:
        """Return `text` with tokens for the personal data that `find` finds in it. Raises InputRefusedError."""
        self._check(producer, conversation, text)
        spans = find(text, language)  # takes its time: before the transaction that others would wait for
        with self._store.write(self._actor) as tx:
            known = conversations.find(tx, producer, conversation, for_change=True)
            tokens = TokenMap() if known is None else TokenMap.from_data(known.map)
            done = tokens.tokenise(text, spans, language)
            if known is None:
                known = conversations.add(tx, producer, conversation, tokens.to_data())
            else:
                conversations.change(tx, known, tokens.to_data())
            digest = known.key.digest("tokenised input", done.text.encode("utf-8", "surrogatepass"))
            tx.record(
                Action.TOKENISED,
                after={"tokenised": digest},
                conversation=known.id,
                tokens=done.tokens,
                masked=done.masked,
            )
        return TokenisedText(done.text, done.tokens, done.masked, digest)

    def restore(self, producer: str, conversation: str, text: str) -> RestoredText:
        """Return `text` with what its tokens stand for, never in part. Raises NotFoundError or InputRefusedError."""
        self._check(producer, conversation, text)
        self._need_reveal()
        with self._store.write(self._actor) as tx:
            known = self._known(tx, producer, conversation)
            restored, damages = TokenMap.from_data(known.map).restore(text)
            tx.record(
                Action.RESTORED,
                before={"tokenised": known.key.digest("tokenised input", text.encode("utf-8", "surrogatepass"))},
                conversation=known.id,
                refused=len(damages),
            )
        return RestoredText(None, tuple(damages)) if damages else RestoredText(restored)

    def reveal(self, producer: str, conversation: str) -> Mapping[str, str]:
        """Return what each token of a conversation stands for; on record before it is told."""
        self._need_reveal()
        with self._store.write(self._actor) as tx:
            known = self._known(tx, producer, conversation)
            tx.record(Action.REVEALED, what="tokens", conversation=known.id)
        return TokenMap.from_data(known.map).reveal()

    @staticmethod
    def _known(tx: Transaction, producer: str, conversation: str) -> conversations.Conversation:
        known = conversations.find(tx, producer, conversation)
        if known is None:
            raise NotFoundError("Nothing was tokenised for this conversation.")
        return known

    @staticmethod
    def _check(producer: str, conversation: str, text: str) -> None:
        for name in (producer, conversation):
            if not name.strip() or len(name) > limits.NAME_CHARACTERS or limits.unstorable_character(name):
                raise InputRefusedError(
                    f"A conversation and its producer have 1 to {limits.NAME_CHARACTERS} characters."
                )
        if len(text.encode("utf-8", "surrogatepass")) > limits.SOURCE_BYTES:
            raise InputRefusedError(f"The text is too long; it may have {limits.SOURCE_BYTES:,} bytes.")

    def _need_reveal(self) -> None:
        if not self._actor.member.roles & _MAY_REVEAL:
            raise RuleError("Your roles do not let you see what PII tokens stand for.")
