"""The tables. The migrations make them; a test holds the two together.

Content (drafts, sources, finals, recipients, notes) lies outside the row that claiming rewrites, as bytes: see
contents.py.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.types import JSON, Boolean

from reviewer.domain import limits
from reviewer.ledger import KEY_ACTIONS
from reviewer.storage.clock import Instant

_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
METADATA = MetaData(naming_convention=_CONVENTION)

workspace = Table(
    "workspace",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("name", String(limits.NAME_CHARACTERS), nullable=False),
    Column("made_at", Instant, nullable=False),
)

member = Table(
    "member",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("workspace_id", ForeignKey("workspace.id"), nullable=False, index=True),
    Column("name", String(limits.NAME_CHARACTERS), nullable=False),
    Column("roles", JSON, nullable=False),
    Column("languages", JSON),  # NULL: every language
    Column("skills", JSON),  # NULL: every skill
    Column("added_at", Instant, nullable=False),
    Column("receive_key", LargeBinary, nullable=False),  # public, as the ledger has them
    Column("sign_key", LargeBinary, nullable=False),
    Column("identity", LargeBinary, nullable=False),  # the private keys, sealed under device secret and passphrase
    Column("recovery", LargeBinary, nullable=False),  # the same under the recovery code
    Column("totp", LargeBinary),  # the second factor's secret, sealed; NULL where there is none
    Column("totp_step", BigInteger),  # of the last code that was accepted: no code works twice
    UniqueConstraint("workspace_id", "name"),
)

# The workspace's key: one generation for each 90 days, sealed to each member.
workspace_key = Table(
    "workspace_key",
    METADATA,
    Column("generation", Integer, primary_key=True),
    Column("member_id", ForeignKey("member.id"), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("made_at", Instant, nullable=False),
)

# One key for each conversation. Deleting its row erases the conversation.
data_key = Table(
    "data_key",
    METADATA,
    Column("item_id", ForeignKey("item.id"), primary_key=True),
    Column("key_id", String(32), nullable=False),
    Column("generation", Integer, nullable=False, index=True),
    Column("wrapped", LargeBinary, nullable=False),
)

# Keys of what belongs to no item: one for each list of the workspace, such as its suppressions.
list_key = Table(
    "list_key",
    METADATA,
    Column("workspace_id", ForeignKey("workspace.id"), primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("key_id", String(32), nullable=False),
    Column("generation", Integer, nullable=False, index=True),
    Column("wrapped", LargeBinary, nullable=False),
)

# Who opted out. Numbers and addresses lie here as keyed digests, which nobody without the key can test a guess against,
# and sealed; `tail` is the digest of the last digits, for numbers whose country is not certain.
suppression = Table(
    "suppression",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("workspace_id", ForeignKey("workspace.id"), nullable=False),
    Column("digest", String(120), nullable=False),
    Column("tail", String(120)),
    Column("certain", Boolean, nullable=False),
    Column("shown", LargeBinary, nullable=False),
    Column("member_id", ForeignKey("member.id"), nullable=False),
    Column("added_at", Instant, nullable=False),
    UniqueConstraint("workspace_id", "digest"),
)
Index("ix_suppression_tail", suppression.c.workspace_id, suppression.c.tail)

# Numbers, addresses and names that the business itself goes by: they may stand in every text.
business_contact = Table(
    "business_contact",
    METADATA,
    Column("workspace_id", ForeignKey("workspace.id"), primary_key=True),
    Column("contact", String(limits.NAME_CHARACTERS), primary_key=True),
    Column("member_id", ForeignKey("member.id"), nullable=False),
    Column("added_at", Instant, nullable=False),
)

# Conversations that a drafting system had tokenised, each under a key of its own: the map of its PII tokens.
conversation = Table(
    "conversation",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("workspace_id", ForeignKey("workspace.id"), nullable=False),
    Column("producer", String(limits.NAME_CHARACTERS), nullable=False),
    Column("external_id", String(limits.NAME_CHARACTERS), nullable=False),
    Column("key_id", String(32), nullable=False),
    Column("generation", Integer, nullable=False, index=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("map", LargeBinary, nullable=False),
    Column("used_at", Instant, nullable=False),
    UniqueConstraint("workspace_id", "producer", "external_id"),
)

# Where items wait: one row for each combination that routing tells apart. A claim looks at the head of each route
# that its member may serve, so its cost follows the number of routes, not the number of items.
route = Table(
    "route",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("workspace_id", ForeignKey("workspace.id"), nullable=False),
    Column("kind", String(60), nullable=False),
    Column("language", String(60), nullable=False),  # "" : not stated
    Column("requires", Text, nullable=False),  # sorted JSON list of skills
    Column("escalated", Boolean, nullable=False),
    UniqueConstraint("workspace_id", "kind", "language", "requires", "escalated"),
)

item = Table(
    "item",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("workspace_id", ForeignKey("workspace.id"), nullable=False),
    Column("producer", String(limits.NAME_CHARACTERS), nullable=False),
    Column("external_id", String(limits.NAME_CHARACTERS), nullable=False),
    Column("kind", String(60), nullable=False),
    Column("channel", String(20), nullable=False),
    Column("language", String(60)),
    Column("route_id", ForeignKey("route.id"), nullable=False),
    Column("waiting_on", Integer),  # the route it waits on now; NULL while nobody may claim it
    Column("rank", Integer, nullable=False),  # minus the priority, so that the queue's index reads forwards
    Column("due_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("state", String(20), nullable=False),
    Column("fence", BigInteger, nullable=False, server_default="0"),
    Column("lease_id", String(32)),
    Column("lease_member_id", ForeignKey("member.id")),
    Column("lease_desk", String(32)),
    Column("lease_expires_at", Instant),
    Column("lease_ahead", Boolean, nullable=False, server_default=false()),  # a look-ahead, not yet seen
    Column("wakes_at", Instant),  # when a skipped item waits again
    UniqueConstraint("workspace_id", "producer", "external_id"),
    CheckConstraint("(state IN ('waiting', 'escalated')) = (waiting_on IS NOT NULL)", name="waits_where_claimable"),
    CheckConstraint("(state = 'leased') = (lease_id IS NOT NULL)", name="lease_while_leased"),
)
# Exactly the order of a claim, over exactly the rows that wait: the cost of a claim does not grow with the backlog.
Index(
    "ix_item_waiting",
    item.c.waiting_on,
    item.c.rank,
    item.c.due_at,
    item.c.received_at,
    item.c.id,
    sqlite_where=item.c.waiting_on.is_not(None),
    postgresql_where=item.c.waiting_on.is_not(None),
)
Index("ix_item_due", item.c.due_at, sqlite_where=item.c.waiting_on.is_not(None),
      postgresql_where=item.c.waiting_on.is_not(None))  # fmt: skip
Index("ix_item_lease", item.c.lease_expires_at, sqlite_where=item.c.lease_id.is_not(None),
      postgresql_where=item.c.lease_id.is_not(None))  # fmt: skip
Index("ix_item_wakes", item.c.wakes_at, sqlite_where=item.c.wakes_at.is_not(None),
      postgresql_where=item.c.wakes_at.is_not(None))  # fmt: skip

content = Table(
    "content",
    METADATA,
    Column("item_id", ForeignKey("item.id"), primary_key=True),
    Column("draft", LargeBinary, nullable=False),
    Column("source", LargeBinary, nullable=False),
    Column("recipient", LargeBinary),
    Column("model", JSON),
    CheckConstraint(f"length(draft) <= {limits.DRAFT_BYTES}", name="draft_size"),
    CheckConstraint(f"length(source) <= {2 * limits.SOURCE_BYTES}", name="source_size"),
)

working_copy = Table(
    "working_copy",
    METADATA,
    Column("item_id", ForeignKey("item.id"), primary_key=True),
    Column("member_id", ForeignKey("member.id"), primary_key=True),
    Column("text", LargeBinary, nullable=False),
    Column("cursor", Integer, nullable=False),
    Column("saved_at", Instant, nullable=False),
    Column("attention", LargeBinary),  # what was shown, looked at and overridden
)

# What each analysis found in a draft as it came in; sealed like the draft.
analysis = Table(
    "analysis",
    METADATA,
    Column("item_id", ForeignKey("item.id"), primary_key=True),
    Column("name", String(20), primary_key=True),
    Column("version", Integer, nullable=False),  # of the analysis: what another version found is made anew
    Column("found", LargeBinary, nullable=False),
)

# The items that are still to be analysed, with what decides who comes first: their order costs no look at the items.
unanalysed = Table(
    "unanalysed",
    METADATA,
    Column("item_id", ForeignKey("item.id"), primary_key=True),
    Column("rank", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("taken_until", Instant),  # a worker has it until then
)
Index("ix_unanalysed_order", unanalysed.c.rank, unanalysed.c.due_at, unanalysed.c.received_at, unanalysed.c.item_id)

# The rules that a workspace does without, for one kind of item.
rule_off = Table(
    "rule_off",
    METADATA,
    Column("workspace_id", ForeignKey("workspace.id"), primary_key=True),
    Column("kind", String(60), primary_key=True),
    Column("rule", String(40), primary_key=True),
    Column("member_id", ForeignKey("member.id"), nullable=False),
    Column("since", Instant, nullable=False),
)

second_opinion = Table(
    "second_opinion",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("item_id", ForeignKey("item.id"), nullable=False, index=True),
    Column("member_id", ForeignKey("member.id"), nullable=False),
    Column("text", LargeBinary, nullable=False),
    Column("kept_at", Instant, nullable=False),
)

decision = Table(
    "decision",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("item_id", ForeignKey("item.id"), nullable=False, index=True),
    Column("member_id", ForeignKey("member.id"), nullable=False),
    Column("lease_id", String(32), nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("idempotency_key", String(limits.NAME_CHARACTERS), nullable=False),
    Column("verdict", String(30), nullable=False),
    Column("reason", String(40)),
    Column("note", LargeBinary),
    Column("final", LargeBinary),
    Column("decided_at", Instant, nullable=False),
    Column("hold_until", Instant, nullable=False),
    Column("state", String(20), nullable=False),  # held, withdrawn, settled, stopped
    Column("overrides", LargeBinary),  # the findings that were dismissed, and why
    UniqueConstraint("member_id", "idempotency_key"),
)
Index("ix_decision_held", decision.c.hold_until, sqlite_where=decision.c.state == "held",
      postgresql_where=decision.c.state == "held")  # fmt: skip
# One standing decision for each item: a second is refused by the database itself.
Index("uq_decision_standing", decision.c.item_id, unique=True, sqlite_where=decision.c.state == "held",
      postgresql_where=decision.c.state == "held")  # fmt: skip

outbox = Table(
    "outbox",
    METADATA,
    Column("decision_id", ForeignKey("decision.id"), primary_key=True),
    Column("destination", String(40), nullable=False),  # "sent" or "returned"
    Column(
        "state", String(20), nullable=False
    ),  # held, sending, sent, failed, withdrawn, stopped, forgetting, forgotten
    Column("request", LargeBinary, nullable=False),  # frozen before the first try
    Column("due_at", Instant, nullable=False),  # when to try; while sending: when to look what became of it
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("problem", Text),
    Column("receipt", Text),
    Column("sent_at", Instant),
)
Index("ix_outbox_due", outbox.c.due_at, sqlite_where=outbox.c.state.in_(["held", "sending", "failed", "forgetting"]),
      postgresql_where=outbox.c.state.in_(["held", "sending", "failed", "forgetting"]))  # fmt: skip

# The ledger: exact signed bytes. The columns beside them are for finding; the bytes are what counts.
entry = Table(
    "entry",
    METADATA,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("actor", String(32), nullable=False),
    Column("number", BigInteger, nullable=False),  # in the actor's chain
    Column("hash", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("at", Instant, nullable=False, index=True),
    Column("action", String(40), nullable=False),
    Column("item_id", String(32), index=True),
    UniqueConstraint("actor", "number"),
)
_ABOUT_KEYS = entry.c.action.in_(sorted(KEY_ACTIONS))
Index("ix_entry_keys", entry.c.seq, sqlite_where=_ABOUT_KEYS, postgresql_where=_ABOUT_KEYS)

checkpoint = Table(
    "checkpoint",
    METADATA,
    Column("size", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("note", Text, nullable=False),
)

# ---- The pool. What transcribers read has no row order, no time and no name that could lead back to a call:
# tables of clips are kept in the order of their random ids, and clips of many calls come in together.

# Keys of the vault: one for each call, one ("pool") for what leads from clips back to calls.
vault_key = Table(
    "vault_key",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("key_id", String(32), nullable=False),
    Column("generation", Integer, nullable=False, index=True),
    Column("wrapped", LargeBinary, nullable=False),
)

# The private half of the pool's key, sealed to each transcriber.
pool_key = Table(
    "pool_key",
    METADATA,
    Column("generation", Integer, primary_key=True),
    Column("member_id", ForeignKey("member.id"), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("made_at", Instant, nullable=False),
)

# The private half of the pair through which labels come back, sealed under the vault's key.
vault_door = Table(
    "vault_door",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)

pool_policy = Table(
    "pool_policy",
    METADATA,
    Column("workspace_id", ForeignKey("workspace.id"), primary_key=True),
    Column("body", JSON, nullable=False),
)

call = Table(
    "call",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("workspace_id", ForeignKey("workspace.id"), nullable=False),
    Column("digest", String(120), nullable=False),  # keyed, of the customer's own id
    Column("member_digest", String(120), index=True),
    Column("caller_digest", String(120), index=True),
    Column("record", LargeBinary, nullable=False),  # who, what was agreed to, and where the recording lies
    Column("transcript", LargeBinary, nullable=False),
    Column("seconds_ms", Integer, nullable=False),
    Column("gate", String(40)),  # where it stands; NULL: past every gate
    Column("is_unknown", Boolean, nullable=False),
    Column("built", Boolean, nullable=False, server_default=false()),
    Column("clean", Boolean),
    Column("counts", JSON),  # what the cut left out, and why
    Column("added_at", Instant, nullable=False),
    UniqueConstraint("workspace_id", "digest"),
)

# Clips on their way into the pool, under their call's key.
staged_clip = Table(
    "staged_clip",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("call_id", ForeignKey("call.id"), nullable=False, index=True),
    Column("due_at", Instant, nullable=False),
    Column("audio", LargeBinary, nullable=False),
    Column("facts", LargeBinary, nullable=False),
)
Index("ix_staged_clip_due", staged_clip.c.due_at)

clip = Table(
    "clip",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("language", String(60), nullable=False),
    Column("seconds_ms", Integer, nullable=False),  # a whole number of half seconds
    Column("state", String(20), nullable=False, index=True),
    Column("generation", Integer, nullable=False),  # of the pool's key
    Column("sealed_key", LargeBinary, nullable=False),
    Column("audio", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

# The way from a clip back to its call, under the vault's key.
clip_origin = Table(
    "clip_origin",
    METADATA,
    Column("clip_id", ForeignKey("clip.id"), primary_key=True),
    Column("origin", LargeBinary, nullable=False),
    Column("words", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

serving = Table(
    "serving",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("clip_id", ForeignKey("clip.id"), nullable=False, index=True),
    Column("member_id", ForeignKey("member.id"), nullable=False),
    Column("place", Integer, nullable=False),  # in this member's line
    Column("state", String(20), nullable=False),
    Column("hypothesis", LargeBinary),  # NULL where the listener works blind
    Column("seconds_ms", Integer, nullable=False),  # taken from the budget
    Column("reserved_at", Instant, nullable=False),
    Column("lease_id", String(32)),
    Column("lease_desk", String(32)),
    Column("lease_expires_at", Instant),
    Column("done_at", Instant),
    UniqueConstraint("member_id", "clip_id"),
    UniqueConstraint("member_id", "place"),
    CheckConstraint("(state = 'leased') = (lease_id IS NOT NULL)", name="lease_while_leased"),
    sqlite_with_rowid=False,
)
Index("ix_serving_open", serving.c.member_id, serving.c.place,
      sqlite_where=serving.c.state.in_(["ready", "leased"]),
      postgresql_where=serving.c.state.in_(["ready", "leased"]))  # fmt: skip
Index("ix_serving_done", serving.c.member_id, serving.c.done_at)

label_draft = Table(
    "label_draft",
    METADATA,
    Column("serving_id", ForeignKey("serving.id"), primary_key=True),
    Column("text", LargeBinary, nullable=False),
    Column("cursor", Integer, nullable=False),
    Column("saved_at", Instant, nullable=False),
    sqlite_with_rowid=False,
)

label = Table(
    "label",
    METADATA,
    Column("serving_id", ForeignKey("serving.id"), primary_key=True),
    Column("text", LargeBinary),  # under the clip's key, so that its writer can take it back
    Column("for_vault", LargeBinary),  # the same, to the vault
    Column("reason", String(40)),  # why it was skipped
    Column("listened_ms", Integer, nullable=False),
    Column("prefilled", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

opt_out = Table(
    "opt_out",
    METADATA,
    Column("digest", String(120), primary_key=True),
    Column("scope", String(20), nullable=False),
    Column("made_at", Instant, nullable=False),
)

label_export = Table(
    "label_export",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("form", String(20), nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("manifest", LargeBinary, nullable=False),  # which id was which clip, under the vault's key
)
