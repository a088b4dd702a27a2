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


EVERYBODY = "*"
"""In an assistant's scopes, in the place of a practitioner: every one at the clinic's own site."""


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever acts in a transaction. The audit line is written from it, never from what a client says."""

    id: str
    """The account, or `job:<name>` and `cli:<user>` for the house itself."""
    role: Role
    person_id: str | None = None
    """The patient (role patient) or the practitioner (role doctor) whom the account stands for."""
    session_id: str | None = None
    scopes: frozenset[tuple[str, str, Scope]] = frozenset()
    """What an assistant may do: in which workplace, for which practitioner (or `EVERYBODY`), and what (SPEC R5, WA-10)."""
    on_behalf_of: str | None = None
    language: str = "fr"
    address: str | None = None
    request_id: str | None = None

    @property
    def is_house(self) -> bool:
        """A job, the command line or the importer: the house acts, not a person at a door."""
        return self.role == "system"

    def has_scope(self, scope: Scope, workplace_id: str | None = None, practitioner_id: str | None = None) -> bool:
        """May this assistant do it, in this workplace (or in any), for this practitioner (or for one at least)?"""
        if workplace_id is not None and practitioner_id is not None:
            exact = (workplace_id, practitioner_id, scope)
            return exact in self.scopes or (workplace_id, EVERYBODY, scope) in self.scopes
        return any(
            granted == scope
            and (workplace_id is None or workplace == workplace_id)
            and (practitioner_id is None or whom in (EVERYBODY, practitioner_id))
            for workplace, whom, granted in self.scopes
        )

    def serves(self, scope: Scope) -> frozenset[str]:
        """For which practitioners this assistant may do it; `EVERYBODY` is among them when the whole clinic is meant."""
        return frozenset(whom for _, whom, granted in self.scopes if granted == scope)


def house(name: str) -> Actor:
    """The clinic itself, acting through a job or the command line: `house("job:lock_announcer")`."""
    return Actor(id=name, role="system")


ANONYMOUS = Actor(id="anonymous", role="anonymous")
