"""Members of a workspace, what their roles let them do, and who is acting now."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

MemberId = NewType("MemberId", str)
WorkspaceId = NewType("WorkspaceId", str)
DeskId = NewType("DeskId", str)


class Role(StrEnum):
    """What a member is trusted with."""

    AGENT = "agent"
    CLINICIAN = "clinician"
    TRANSCRIBER = "transcriber"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
    AUDITOR = "auditor"
    PRODUCER = "producer"


def holds_workspace_key(roles: frozenset[Role] | frozenset[str]) -> bool:
    """Tell whether these roles need the workspace's key: who only transcribes sees clips and nothing else."""
    return not roles <= {Role.TRANSCRIBER} or not roles


def does_rounds(roles: frozenset[Role] | frozenset[str]) -> bool:
    """Tell whether programs of these members analyse and send: who only audits or transcribes changes no item."""
    return not roles <= {Role.TRANSCRIBER, Role.AUDITOR}


@dataclass(frozen=True, slots=True)
class Member:
    """A person or service in a workspace.

    `languages` and `skills` narrow what the queue offers; None means no limit.
    """

    id: MemberId
    workspace_id: WorkspaceId
    name: str
    roles: frozenset[Role]
    languages: frozenset[str] | None = None
    skills: frozenset[str] | None = None

    def speaks(self, language: str | None) -> bool:
        """Tell whether an item in `language` (BCP 47, None = not stated) may come to this member."""
        if self.languages is None or language is None:
            return True
        spoken = language.casefold()
        return any(spoken == own or spoken.startswith(f"{own}-") for own in map(str.casefold, self.languages))

    def has_skills(self, required: frozenset[str]) -> bool:
        """Tell whether this member has every required skill."""
        return self.skills is None or required <= self.skills


@dataclass(frozen=True, slots=True)
class Actor:
    """The member who acts, and the desk (one running process) that they act from."""

    member: Member
    desk: DeskId
