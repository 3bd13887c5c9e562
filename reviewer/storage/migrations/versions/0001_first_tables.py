"""The first tables: workspace, members, routes, items, content, working copies, decisions, outbox, events."""

import sqlalchemy as sa
from alembic import op

from reviewer.storage.clock import Instant

revision = "0001"
down_revision = None

_ABOUT_KEYS = (
    "action IN ('member_added', 'member_changed', 'member_keys_changed', 'member_removed', "
    "'workspace_key_made', 'workspace_made')"
)


def upgrade() -> None:
    """Make the tables of the first release."""
    op.create_table(
        "checkpoint",
        sa.Column("size", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_checkpoint")),
    )
    op.create_table(
        "entry",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("actor", sa.String(length=32), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("at", Instant(timezone=True), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("item_id", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_entry")),
        sa.UniqueConstraint("actor", "number", name=op.f("uq_entry_actor_number")),
    )
    op.create_index(op.f("ix_entry_at"), "entry", ["at"], unique=False)
    op.create_index(op.f("ix_entry_item_id"), "entry", ["item_id"], unique=False)
    op.create_index(
        "ix_entry_keys",
        "entry",
        ["seq"],
        unique=False,
        sqlite_where=sa.text(_ABOUT_KEYS),
        postgresql_where=sa.text(_ABOUT_KEYS),
    )
    op.create_table(
        "workspace",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("made_at", Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workspace")),
    )
    op.create_table(
        "member",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("languages", sa.JSON(), nullable=True),
        sa.Column("skills", sa.JSON(), nullable=True),
        sa.Column("added_at", Instant(timezone=True), nullable=False),
        sa.Column("receive_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_key", sa.LargeBinary(), nullable=False),
        sa.Column("identity", sa.LargeBinary(), nullable=False),
        sa.Column("recovery", sa.LargeBinary(), nullable=False),
        sa.Column("totp", sa.LargeBinary(), nullable=True),
        sa.Column("totp_step", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_member_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member")),
        sa.UniqueConstraint("workspace_id", "name", name=op.f("uq_member_workspace_id_name")),
    )
    op.create_index(op.f("ix_member_workspace_id"), "member", ["workspace_id"], unique=False)
    op.create_table(
        "route",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("language", sa.String(length=60), nullable=False),
        sa.Column("requires", sa.Text(), nullable=False),
        sa.Column("escalated", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_route_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_route")),
        sa.UniqueConstraint(
            "workspace_id",
            "kind",
            "language",
            "requires",
            "escalated",
            name=op.f("uq_route_workspace_id_kind_language_requires_escalated"),
        ),
    )
    op.create_table(
        "item",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("producer", sa.String(length=200), nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("language", sa.String(length=60), nullable=True),
        sa.Column("route_id", sa.Integer(), nullable=False),
        sa.Column("waiting_on", sa.Integer(), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("due_at", Instant(timezone=True), nullable=False),
        sa.Column("received_at", Instant(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("lease_id", sa.String(length=32), nullable=True),
        sa.Column("lease_member_id", sa.String(length=32), nullable=True),
        sa.Column("lease_desk", sa.String(length=32), nullable=True),
        sa.Column("lease_expires_at", Instant(timezone=True), nullable=True),
        sa.Column("lease_ahead", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("wakes_at", Instant(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'leased') = (lease_id IS NOT NULL)", name=op.f("ck_item_lease_while_leased")),
        sa.CheckConstraint(
            "(state IN ('waiting', 'escalated')) = (waiting_on IS NOT NULL)", name=op.f("ck_item_waits_where_claimable")
        ),
        sa.ForeignKeyConstraint(["lease_member_id"], ["member.id"], name=op.f("fk_item_lease_member_id")),
        sa.ForeignKeyConstraint(["route_id"], ["route.id"], name=op.f("fk_item_route_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_item_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item")),
        sa.UniqueConstraint(
            "workspace_id", "producer", "external_id", name=op.f("uq_item_workspace_id_producer_external_id")
        ),
    )
    op.create_index(
        "ix_item_due",
        "item",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("waiting_on IS NOT NULL"),
        postgresql_where=sa.text("waiting_on IS NOT NULL"),
    )
    op.create_index(
        "ix_item_lease",
        "item",
        ["lease_expires_at"],
        unique=False,
        sqlite_where=sa.text("lease_id IS NOT NULL"),
        postgresql_where=sa.text("lease_id IS NOT NULL"),
    )
    op.create_index(
        "ix_item_waiting",
        "item",
        ["waiting_on", "rank", "due_at", "received_at", "id"],
        unique=False,
        sqlite_where=sa.text("waiting_on IS NOT NULL"),
        postgresql_where=sa.text("waiting_on IS NOT NULL"),
    )
    op.create_index(
        "ix_item_wakes",
        "item",
        ["wakes_at"],
        unique=False,
        sqlite_where=sa.text("wakes_at IS NOT NULL"),
        postgresql_where=sa.text("wakes_at IS NOT NULL"),
    )
    op.create_table(
        "workspace_key",
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.String(length=32), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_workspace_key_member_id")),
        sa.PrimaryKeyConstraint("generation", "member_id", name=op.f("pk_workspace_key")),
    )
    op.create_table(
        "content",
        sa.Column("item_id", sa.String(length=32), nullable=False),
        sa.Column("draft", sa.LargeBinary(), nullable=False),
        sa.Column("source", sa.LargeBinary(), nullable=False),
        sa.Column("recipient", sa.LargeBinary(), nullable=True),
        sa.Column("model", sa.JSON(), nullable=True),
        sa.CheckConstraint("length(draft) <= 65536", name=op.f("ck_content_draft_size")),
        sa.CheckConstraint("length(source) <= 2097152", name=op.f("ck_content_source_size")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_content_item_id")),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_content")),
    )
    op.create_table(
        "data_key",
        sa.Column("item_id", sa.String(length=32), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_data_key_item_id")),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_data_key")),
    )
    op.create_index(op.f("ix_data_key_generation"), "data_key", ["generation"], unique=False)
    op.create_table(
        "decision",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("item_id", sa.String(length=32), nullable=False),
        sa.Column("member_id", sa.String(length=32), nullable=False),
        sa.Column("lease_id", sa.String(length=32), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=200), nullable=False),
        sa.Column("verdict", sa.String(length=30), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("final", sa.LargeBinary(), nullable=True),
        sa.Column("decided_at", Instant(timezone=True), nullable=False),
        sa.Column("hold_until", Instant(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_decision_item_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_decision_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
        sa.UniqueConstraint("member_id", "idempotency_key", name=op.f("uq_decision_member_id_idempotency_key")),
    )
    op.create_index(
        "ix_decision_held",
        "decision",
        ["hold_until"],
        unique=False,
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_index(op.f("ix_decision_item_id"), "decision", ["item_id"], unique=False)
    op.create_index(
        "uq_decision_standing",
        "decision",
        ["item_id"],
        unique=True,
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_table(
        "second_opinion",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("item_id", sa.String(length=32), nullable=False),
        sa.Column("member_id", sa.String(length=32), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_second_opinion_item_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_second_opinion_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_second_opinion")),
    )
    op.create_index(op.f("ix_second_opinion_item_id"), "second_opinion", ["item_id"], unique=False)
    op.create_table(
        "working_copy",
        sa.Column("item_id", sa.String(length=32), nullable=False),
        sa.Column("member_id", sa.String(length=32), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("cursor", sa.Integer(), nullable=False),
        sa.Column("saved_at", Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_working_copy_item_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_working_copy_member_id")),
        sa.PrimaryKeyConstraint("item_id", "member_id", name=op.f("pk_working_copy")),
    )
    op.create_table(
        "outbox",
        sa.Column("decision_id", sa.String(length=32), nullable=False),
        sa.Column("destination", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("due_at", Instant(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("receipt", sa.Text(), nullable=True),
        sa.Column("sent_at", Instant(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["decision_id"], ["decision.id"], name=op.f("fk_outbox_decision_id")),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_outbox")),
    )
    op.create_index(
        "ix_outbox_due",
        "outbox",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('held', 'sending', 'failed', 'forgetting')"),
        postgresql_where=sa.text("state IN ('held', 'sending', 'failed', 'forgetting')"),
    )
