"""The pool: calls in the vault, clips, servings, labels, opt-outs, exports."""

import sqlalchemy as sa
from alembic import op

from reviewer.storage.clock import Instant

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables of the pool."""
    op.create_table(
        "clip",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("language", sa.String(length=60), nullable=False),
        sa.Column("seconds_ms", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=False),
        sa.Column("audio", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clip")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_clip_state"), "clip", ["state"], unique=False)
    op.create_table(
        "label_export",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("form", sa.String(length=20), nullable=False),
        sa.Column("made_at", Instant(timezone=True), nullable=False),
        sa.Column("manifest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_export")),
    )
    op.create_table(
        "opt_out",
        sa.Column("digest", sa.String(length=120), nullable=False),
        sa.Column("scope", sa.String(length=20), nullable=False),
        sa.Column("made_at", Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_opt_out")),
    )
    op.create_table(
        "vault_door",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vault_door")),
    )
    op.create_table(
        "vault_key",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vault_key")),
    )
    op.create_index(op.f("ix_vault_key_generation"), "vault_key", ["generation"], unique=False)
    op.create_table(
        "call",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=120), nullable=False),
        sa.Column("member_digest", sa.String(length=120), nullable=True),
        sa.Column("caller_digest", sa.String(length=120), nullable=True),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.Column("transcript", sa.LargeBinary(), nullable=False),
        sa.Column("seconds_ms", sa.Integer(), nullable=False),
        sa.Column("gate", sa.String(length=40), nullable=True),
        sa.Column("is_unknown", sa.Boolean(), nullable=False),
        sa.Column("built", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("clean", sa.Boolean(), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=True),
        sa.Column("added_at", Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_call_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call")),
        sa.UniqueConstraint("workspace_id", "digest", name=op.f("uq_call_workspace_id_digest")),
    )
    op.create_index(op.f("ix_call_caller_digest"), "call", ["caller_digest"], unique=False)
    op.create_index(op.f("ix_call_member_digest"), "call", ["member_digest"], unique=False)
    op.create_table(
        "clip_origin",
        sa.Column("clip_id", sa.String(length=32), nullable=False),
        sa.Column("origin", sa.LargeBinary(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["clip_id"], ["clip.id"], name=op.f("fk_clip_origin_clip_id")),
        sa.PrimaryKeyConstraint("clip_id", name=op.f("pk_clip_origin")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "pool_policy",
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_pool_policy_workspace_id")),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_pool_policy")),
    )
    op.create_table(
        "pool_key",
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.String(length=32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_pool_key_member_id")),
        sa.PrimaryKeyConstraint("generation", "member_id", name=op.f("pk_pool_key")),
    )
    op.create_table(
        "serving",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("clip_id", sa.String(length=32), nullable=False),
        sa.Column("member_id", sa.String(length=32), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("hypothesis", sa.LargeBinary(), nullable=True),
        sa.Column("seconds_ms", sa.Integer(), nullable=False),
        sa.Column("reserved_at", Instant(timezone=True), nullable=False),
        sa.Column("lease_id", sa.String(length=32), nullable=True),
        sa.Column("lease_desk", sa.String(length=32), nullable=True),
        sa.Column("lease_expires_at", Instant(timezone=True), nullable=True),
        sa.Column("done_at", Instant(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'leased') = (lease_id IS NOT NULL)", name=op.f("ck_serving_lease_while_leased")),
        sa.ForeignKeyConstraint(["clip_id"], ["clip.id"], name=op.f("fk_serving_clip_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_serving_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_serving")),
        sa.UniqueConstraint("member_id", "clip_id", name=op.f("uq_serving_member_id_clip_id")),
        sa.UniqueConstraint("member_id", "place", name=op.f("uq_serving_member_id_place")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_serving_clip_id"), "serving", ["clip_id"], unique=False)
    op.create_index("ix_serving_done", "serving", ["member_id", "done_at"], unique=False)
    op.create_index(
        "ix_serving_open",
        "serving",
        ["member_id", "place"],
        unique=False,
        sqlite_where=sa.text("state IN ('ready', 'leased')"),
        postgresql_where=sa.text("state IN ('ready', 'leased')"),
    )
    op.create_table(
        "staged_clip",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("call_id", sa.String(length=32), nullable=False),
        sa.Column("due_at", Instant(timezone=True), nullable=False),
        sa.Column("audio", sa.LargeBinary(), nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_staged_clip_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staged_clip")),
    )
    op.create_index(op.f("ix_staged_clip_call_id"), "staged_clip", ["call_id"], unique=False)
    op.create_index("ix_staged_clip_due", "staged_clip", ["due_at"], unique=False)
    op.create_table(
        "label",
        sa.Column("serving_id", sa.String(length=32), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=True),
        sa.Column("for_vault", sa.LargeBinary(), nullable=True),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("listened_ms", sa.Integer(), nullable=False),
        sa.Column("prefilled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["serving_id"], ["serving.id"], name=op.f("fk_label_serving_id")),
        sa.PrimaryKeyConstraint("serving_id", name=op.f("pk_label")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "label_draft",
        sa.Column("serving_id", sa.String(length=32), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("cursor", sa.Integer(), nullable=False),
        sa.Column("saved_at", Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["serving_id"], ["serving.id"], name=op.f("fk_label_draft_serving_id")),
        sa.PrimaryKeyConstraint("serving_id", name=op.f("pk_label_draft")),
        sqlite_with_rowid=False,
    )
