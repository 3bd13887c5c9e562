"""Analyses of drafts, what reviewers made of them, and the rules that are switched off."""

import sqlalchemy as sa
from alembic import op

from reviewer.storage.clock import Instant

revision = "0002"
down_revision = "0001"

_ALL_OPEN = """
    INSERT INTO unanalysed (item_id, rank, due_at, received_at)
    SELECT id, rank, due_at, received_at FROM item WHERE state NOT IN ('decided', 'erased')
"""


def upgrade() -> None:
    """Make the tables, and note that every open item is still to be analysed."""
    op.create_table(
        "analysis",
        sa.Column("item_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("found", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_analysis_item_id")),
        sa.PrimaryKeyConstraint("item_id", "name", name=op.f("pk_analysis")),
    )
    op.create_table(
        "unanalysed",
        sa.Column("item_id", sa.String(length=32), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("due_at", Instant(timezone=True), nullable=False),
        sa.Column("received_at", Instant(timezone=True), nullable=False),
        sa.Column("taken_until", Instant(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_unanalysed_item_id")),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_unanalysed")),
    )
    op.create_index("ix_unanalysed_order", "unanalysed", ["rank", "due_at", "received_at", "item_id"], unique=False)
    op.create_table(
        "rule_off",
        sa.Column("workspace_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("member_id", sa.String(length=32), nullable=False),
        sa.Column("since", Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_rule_off_member_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_rule_off_workspace_id")),
        sa.PrimaryKeyConstraint("workspace_id", "kind", "rule", name=op.f("pk_rule_off")),
    )
    op.add_column("working_copy", sa.Column("attention", sa.LargeBinary(), nullable=True))
    op.add_column("decision", sa.Column("overrides", sa.LargeBinary(), nullable=True))
    op.execute(_ALL_OPEN)
