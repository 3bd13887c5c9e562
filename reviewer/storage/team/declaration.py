"""Who may do what with each table of a team's database: the one list, which set-up, `team check` and the tests read.

Roles here are members' roles. What stands here is the most that a role may do: policies and guards narrow it to the
rows of one's own workspace, one's own lease, one's own chain. A table, view or function that is not here is refused to
all; a new table needs an entry here, its policies in policies.sql, and its rules in the file of its subject.
"""

from dataclasses import dataclass

from reviewer.domain.members import Role

NOBODY: frozenset[Role] = frozenset()
EVERYBODY = frozenset(Role)
AT_DESK = EVERYBODY - {Role.TRANSCRIBER}
WORKERS = AT_DESK - {Role.AUDITOR}
ADMINS = frozenset({Role.ADMIN})
LEADS = frozenset({Role.SUPERVISOR, Role.ADMIN})
LISTENERS = frozenset({Role.TRANSCRIBER})
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

_STANDING = ("gate", "is_unknown", "built", "clean", "counts")

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
    "analysis_rule": Rule(read=EVERYBODY),
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
    "route": Rule(read=AT_DESK, add=WORKERS),
    "item": Rule(
        read=AT_DESK,
        add=WORKERS,
        change=WORKERS,
        changed=("state", "route_id", "waiting_on", "fence", "wakes_at", *_LEASE),
    ),
    # Content
    "look": Rule(read=AT_DESK),
    "content": Rule(read=AT_DESK, add=WORKERS, changed=("draft", "source", "recipient")),
    "analysis": Rule(read=AT_DESK, add=WORKERS, remove=WORKERS),
    "unanalysed": Rule(read=AT_DESK, add=WORKERS, change=WORKERS, remove=WORKERS, changed=("taken_until",)),
    "list_key": Rule(read=AT_DESK, add=REVIEWERS | ADMINS, change=ADMINS, changed=("key_id", "generation", "wrapped")),
    "suppression": Rule(read=AT_DESK, add=REVIEWERS | ADMINS, remove=LEADS),
    "business_contact": Rule(read=AT_DESK, add=LEADS, remove=LEADS),
    "conversation": Rule(
        read=AT_DESK,
        add=WORKERS,
        change=WORKERS,
        remove=ADMINS,
        changed=("map", "used_at", "generation", "wrapped"),
    ),
    "rule_off": Rule(read=AT_DESK, add=ADMINS, remove=ADMINS),
    "data_key": Rule(
        read=AT_DESK,
        add=WORKERS,
        change=ADMINS,
        remove=ADMINS,
        changed=("item_id", "key_id", "generation", "wrapped"),
    ),
    "working_copy": Rule(
        read=AT_DESK, add=WORKERS, change=WORKERS, remove=WORKERS, changed=("text", "cursor", "saved_at", "attention")
    ),
    "second_opinion": Rule(read=AT_DESK, add=WORKERS, remove=ADMINS),
    # Decisions and what leaves
    "decision": Rule(
        read=AT_DESK,
        add=WORKERS,
        change=WORKERS,
        hidden=("final", "note", "overrides"),
        changed=("state", "final", "note", "overrides"),
    ),
    "outbox": Rule(
        read=AT_DESK,
        add=WORKERS,
        change=WORKERS,
        hidden=("request",),
        changed=("state", "request", "due_at", "attempts", "problem", "receipt", "sent_at"),
    ),
    # The ledger
    "entry": Rule(read=EVERYBODY, add=EVERYBODY, withheld=("seq", "xid")),
    "entry_place": Rule(read=EVERYBODY),
    "entry_settled": Rule(),
    "checkpoint": Rule(read=EVERYBODY, add=AT_DESK),
    # The pool: its keepers
    "vault_key": Rule(
        read=LEADS, add=ADMINS, change=ADMINS, remove=ADMINS, changed=("key_id", "generation", "wrapped")
    ),
    "vault_door": Rule(read=LEADS, add=ADMINS),
    "pool_policy": Rule(read=LISTENERS | LEADS, add=ADMINS, change=ADMINS, changed=("body",)),
    "call": Rule(
        read=LEADS,
        add=ADMINS,
        change=ADMINS,
        changed=("member_digest", "caller_digest", "record", "transcript", "seconds_ms", *_STANDING),
    ),
    "staged_clip": Rule(read=LEADS, add=ADMINS, remove=ADMINS),
    "clip_origin": Rule(read=LEADS, add=ADMINS),
    "opt_out": Rule(read=LEADS, add=ADMINS),
    "label_export": Rule(read=LEADS, add=ADMINS),
    # The pool: what transcribers have
    "pool_key": Rule(read=LISTENERS | LEADS, add=LISTENERS | ADMINS, remove=LISTENERS),
    "hearing": Rule(read=LISTENERS),
    "clip": Rule(
        read=LISTENERS | LEADS,
        add=ADMINS,
        change=LISTENERS | ADMINS,
        hidden=("sealed_key", "audio"),
        changed=("state", "sealed_key", "audio"),
    ),
    "serving": Rule(
        read=LISTENERS | LEADS,
        add=ADMINS,
        change=LISTENERS | ADMINS,
        remove=ADMINS,
        hidden=("hypothesis",),
        changed=("state", "hypothesis", "lease_id", "lease_desk", "lease_expires_at", "done_at"),
    ),
    "label_draft": Rule(
        read=LISTENERS | LEADS,
        add=LISTENERS,
        change=LISTENERS,
        remove=LISTENERS | ADMINS,
        changed=("text", "cursor", "saved_at"),
    ),
    "label": Rule(
        read=LISTENERS | LEADS, add=LISTENERS, change=ADMINS, remove=LISTENERS, changed=("text", "for_vault")
    ),
}

VIEWS = {"decision_text": AT_DESK, "outbox_request": AT_DESK, "own_member": EVERYBODY, "heard_clip": LISTENERS}

# What members may call by themselves. Functions of triggers and policies need no right of theirs, save those that a
# policy calls, which harm nobody.
FUNCTIONS = {
    "hold_chain()": EVERYBODY,
    "hold_pool()": LISTENERS | ADMINS,
    "settle_entries()": EVERYBODY,
    "take_turn(text)": EVERYBODY,
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
        "at_commit()",
        "canonical(jsonb,integer)",
        "destroy_generation()",
        "erase_content()",
        "forget_gate()",
        "grant_pass()",
        "guard_answer()",
        "guard_checkpoint()",
        "guard_clip()",
        "guard_conversation()",
        "guard_data_key()",
        "guard_decision()",
        "guard_entry()",
        "guard_item()",
        "guard_label_draft()",
        "guard_outbox()",
        "guard_pool_key()",
        "guard_route()",
        "guard_sealed()",
        "guard_second_opinion()",
        "guard_serving()",
        "guard_unanalysed()",
        "guard_vault_door()",
        "guard_vault_key()",
        "guard_workspace()",
        "guard_wrapped()",
        "guard_workspace_key()",
        "hands(seat,item,integer)",
        "is_list(jsonb)",
        "is_told_right(entry)",
        "is_used(integer)",
        "is_whole(jsonb)",
        "may_take(seat,integer)",
        "need(boolean,text,text)",
        "never()",
        "of_pool(seat,text,text)",
        "own_seat()",
        "seat_member()",
        "totp(bytea,bigint)",
        "whole_call_erasure()",
        "whole_conversation()",
        "whole_decision()",
        "whole_entry()",
        "whole_factor()",
        "whole_erasure()",
        "whole_forgetting()",
        "whole_item()",
        "whole_member()",
        "whole_new_item()",
        "whole_opinion()",
        "whole_outbox()",
        "whole_pool()",
        "whole_removal()",
        "whole_route()",
        "whole_serving()",
        "whole_step()",
        "whole_suppression()",
        "whole_taking()",
        "whole_taking_back()",
        "whole_workspace_key()",
        "withdraw_clip()",
    }
)
