"""Who acts: a person in one role, or a named job of the house."""

from typing import Literal

import msgspec

Role = Literal["patient", "doctor", "assistant", "pharmacist", "admin", "system", "anonymous"]

Scope = Literal[
    "schedule.read",
    "schedule.write",
    "patient.read",
    "patient.write",
    "records.read",
    "billing",
    "messages",
    "documents.upload",
]


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever acts in a transaction. The audit line is written from it, never from what a client says."""

    id: str
    """The account, or `job:<name>` and `cli:<user>` for the house itself."""
    role: Role
    person_id: str | None = None
    """The patient (role patient) or the practitioner (role doctor) whom the account stands for."""
    session_id: str | None = None
    scopes: frozenset[tuple[str, Scope]] = frozenset()
    """What an assistant may do, as pairs of workplace id and scope (SPEC R5)."""
    on_behalf_of: str | None = None
    language: str = "fr"
    address: str | None = None
    request_id: str | None = None

    @property
    def is_house(self) -> bool:
        """A job, the command line or the importer: the house acts, not a person at a door."""
        return self.role == "system"

    def has_scope(self, scope: Scope, workplace_id: str | None = None) -> bool:
        """May this assistant do it, in this workplace (or in any)? Only assistants carry scopes."""
        return any(
            granted == scope and (workplace_id is None or workplace == workplace_id)
            for workplace, granted in self.scopes
        )


def house(name: str) -> Actor:
    """The clinic itself, acting through a job or the command line: `house("job:lock_announcer")`."""
    return Actor(id=name, role="system")


ANONYMOUS = Actor(id="anonymous", role="anonymous")
