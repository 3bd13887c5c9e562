"""What a record of the desk's doings can say: one word for each thing that changes or reveals something."""

from enum import StrEnum


class Action(StrEnum):
    """What happened."""

    WORKSPACE_MADE = "workspace_made"
    MEMBER_ADDED = "member_added"
    MEMBER_CHANGED = "member_changed"
    MEMBER_KEYS_CHANGED = "member_keys_changed"
    MEMBER_REMOVED = "member_removed"
    WORKSPACE_KEY_MADE = "workspace_key_made"
    IMPORTED = "imported"
    CLAIMED = "claimed"
    OPENED = "opened"
    RELEASED = "released"
    TAKEN_OVER = "taken_over"
    LEASE_EXPIRED = "lease_expired"
    OVERDUE = "overdue"
    SECOND_OPINION_KEPT = "second_opinion_kept"
    DECIDED = "decided"
    WITHDRAWN = "withdrawn"
    SETTLED = "settled"
    RESUMED = "resumed"
    SENDING = "sending"
    SENT = "sent"
    SEND_FAILED = "send_failed"
