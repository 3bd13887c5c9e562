"""Who may do what with each table of a team's database: the one list, which set-up, `team check` and the tests read.

Roles here are members' roles. What stands here is the most that a role may do: policies and guards narrow it to the
rows of one's own workspace, one's own lease, one's own chain. A table, view or function that is not here is refused to
all; a new table needs an entry here, its policies in policies.sql, and its rules in guards.sql.
"""

from dataclasses import dataclass

from reviewer.domain.members import Role

NOBODY: frozenset[Role] = frozenset()
EVERYBODY = frozenset(Role)
AT_DESK = EVERYBODY - {Role.TRANSCRIBER}
ADMINS = frozenset({Role.ADMIN})
LEADS = frozenset({Role.SUPERVISOR, Role.ADMIN})
REVIEWERS = frozenset({Role.AGENT, Role.CLINICIAN, Role.SUPERVISOR})


@dataclass(frozen=True, slots=True)
class Rule:
    """What members may do with a table; `hidden` columns nobody reads, `changed` ones alone may be updated."""

    read: frozenset[Role] = NOBODY
    add: frozenset[Role] = NOBODY
    change: frozenset[Role] = NOBODY
    remove: frozenset[Role] = NOBODY
    hidden: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()  # columns that only the database fills in
    asked: bool = False  # who is no member yet adds their own row, and takes it back


_LEASE = ("lease_id", "lease_member_id", "lease_desk", "lease_expires_at", "lease_ahead")

TABLES = {
    "alembic_version": Rule(read=EVERYBODY),
    # Seats and members
    "seat": Rule(read=EVERYBODY),
    "factor": Rule(),
    "factor_try": Rule(),
    "factor_pass": Rule(),
    "factor_session": Rule(),
    "joining": Rule(read=ADMINS, remove=ADMINS, withheld=("login", "asked_at"), asked=True),
    "kind_rule": Rule(read=EVERYBODY),
    "session_rule": Rule(read=EVERYBODY),
    "workspace": Rule(read=EVERYBODY, asked=True),  # made once, by who was invited to found it
    "member": Rule(
        read=EVERYBODY,
        add=ADMINS,
        change=EVERYBODY,
        hidden=("identity", "recovery", "totp"),
        changed=("name", "roles", "languages", "skills", "identity", "totp", "totp_step"),
    ),
    "workspace_key": Rule(read=EVERYBODY, add=ADMINS, remove=ADMINS),
    # The queue
    "route": Rule(read=AT_DESK, add=AT_DESK),
    "item": Rule(
        read=AT_DESK,
        add=AT_DESK,
        change=AT_DESK,
        changed=("state", "route_id", "waiting_on", "fence", "wakes_at", *_LEASE),
    ),
    # Content
    "look": Rule(read=AT_DESK),
    "content": Rule(read=AT_DESK, add=AT_DESK, changed=("draft", "source", "recipient")),
    "analysis": Rule(read=AT_DESK, add=AT_DESK, remove=AT_DESK),
    "unanalysed": Rule(read=AT_DESK, add=AT_DESK, change=AT_DESK, remove=AT_DESK, changed=("taken_until",)),
    "list_key": Rule(read=AT_DESK, add=AT_DESK, change=ADMINS, changed=("generation", "wrapped")),
    "suppression": Rule(read=AT_DESK, add=REVIEWERS | ADMINS, remove=LEADS),
    "business_contact": Rule(read=AT_DESK, add=LEADS, remove=LEADS),
    "conversation": Rule(
        read=AT_DESK,
        add=AT_DESK,
        change=AT_DESK,
        remove=ADMINS,
        changed=("map", "used_at", "generation", "wrapped"),
    ),
    "rule_off": Rule(read=AT_DESK, add=ADMINS, remove=ADMINS),
    "data_key": Rule(
        read=AT_DESK,
        add=AT_DESK,
        change=ADMINS,
        remove=ADMINS,
        changed=("item_id", "key_id", "generation", "wrapped"),
    ),
    "working_copy": Rule(
        read=AT_DESK, add=AT_DESK, change=AT_DESK, remove=AT_DESK, changed=("text", "cursor", "saved_at", "attention")
    ),
    "second_opinion": Rule(read=AT_DESK, add=AT_DESK, remove=ADMINS),
    # Decisions and what leaves
    "decision": Rule(
        read=AT_DESK,
        add=AT_DESK,
        change=AT_DESK,
        hidden=("final", "note", "overrides"),
        changed=("state", "final", "note", "overrides"),
    ),
    "outbox": Rule(
        read=AT_DESK,
        add=AT_DESK,
        change=AT_DESK,
        hidden=("request",),
        changed=("state", "request", "due_at", "attempts", "problem", "receipt", "sent_at"),
    ),
    # The ledger
    "entry": Rule(read=EVERYBODY, add=EVERYBODY, withheld=("seq", "xid")),
    "entry_place": Rule(read=EVERYBODY),
    "entry_settled": Rule(),
    "checkpoint": Rule(read=EVERYBODY, add=AT_DESK),
}

# What the pool keeps. It works on a file alone so far: here these tables show nothing and take nothing, to anybody.
NOT_SHARED = frozenset(
    {
        "call",
        "clip",
        "clip_origin",
        "label",
        "label_draft",
        "label_export",
        "opt_out",
        "pool_key",
        "pool_policy",
        "serving",
        "staged_clip",
        "vault_door",
        "vault_key",
    }
)

VIEWS = {"decision_text": AT_DESK, "outbox_request": AT_DESK, "own_member": EVERYBODY}

# What members may call by themselves. Functions of triggers and policies need no right of theirs, save those that a
# policy calls, which harm nobody.
FUNCTIONS = {
    "hold_chain()": EVERYBODY,
    "settle_entries()": EVERYBODY,
    "team_seats()": ADMINS,
    "remove_seat(text)": ADMINS,
    "session_lives(timestamp with time zone)": EVERYBODY,
    "factor_passed()": EVERYBODY,
    "factor_state()": EVERYBODY,
    "factor_submit(text)": EVERYBODY,
    "factor_finish(bigint)": EVERYBODY,
    "factor_resume(text)": EVERYBODY,
    "factor_set(bytea)": EVERYBODY,
    "factor_drop(text)": EVERYBODY,
}
INNER_FUNCTIONS = frozenset(
    {
        "destroy_generation()",
        "erase_content()",
        "grant_pass()",
        "guard_checkpoint()",
        "guard_data_key()",
        "guard_decision()",
        "guard_entry()",
        "guard_item()",
        "guard_outbox()",
        "guard_workspace()",
        "guard_workspace_key()",
        "hands(seat,item,integer)",
        "may_take(seat,integer)",
        "need(boolean,text,text)",
        "never()",
        "own_seat()",
        "seat_member()",
        "totp(bytea,bigint)",
        "whole_decision()",
        "whole_entry()",
        "whole_factor()",
        "whole_erasure()",
        "whole_item()",
        "whole_member()",
        "whole_outbox()",
        "whole_removal()",
        "whole_step()",
    }
)
