"""Suppressions, the business's contacts, and the PII tokens of conversations."""

import sqlalchemy as sa
from alembic import op

from reviewer.storage.clock import Instant

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "list_key",
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_list_key_workspace_id")),
        sa.PrimaryKeyConstraint("workspace_id", "name", name=op.f("pk_list_key")),
    )
    op.create_index(op.f("ix_list_key_generation"), "list_key", ["generation"], unique=False)
    op.create_table(
        "suppression",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=120), nullable=False),
        sa.Column("tail", sa.String(length=120), nullable=True),
        sa.Column("certain", sa.Boolean(), nullable=False),
        sa.Column("shown", sa.LargeBinary(), nullable=False),
        sa.Column("member_id", sa.String(length=32), nullable=False),
        sa.Column("added_at", Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_suppression_member_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_suppression_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppression")),
        sa.UniqueConstraint("workspace_id", "digest", name=op.f("uq_suppression_workspace_id_digest")),
    )
    op.create_index("ix_suppression_tail", "suppression", ["workspace_id", "tail"], unique=False)
    op.create_table(
        "business_contact",
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("contact", sa.String(length=200), nullable=False),
        sa.Column("member_id", sa.String(length=32), nullable=False),
        sa.Column("added_at", Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_business_contact_member_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_business_contact_workspace_id")),
        sa.PrimaryKeyConstraint("workspace_id", "contact", name=op.f("pk_business_contact")),
    )
    op.create_table(
        "conversation",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("producer", sa.String(length=200), nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("map", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_conversation_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation")),
        sa.UniqueConstraint(
            "workspace_id", "producer", "external_id", name=op.f("uq_conversation_workspace_id_producer_external_id")
        ),
    )
    op.create_index(op.f("ix_conversation_generation"), "conversation", ["generation"], unique=False)
