"""What the tests of invitations share: inviting, answering, and a new person with an account."""

from typing import Any

from esante.identity import service as identity
from esante.identity.structs import NewAccount
from esante.kernel.actor import house
from tests.conftest import PASSWORD, Clinic, Person

HOUSE = house("test")


def newcomer(clinic: Clinic, name: str = "hugo", role: Any = "assistant") -> Person:
    """Somebody who has an account here, and signs in with it."""
    hashed = clinic.parts.passwords.hash_now(PASSWORD)
    new = NewAccount(email=f"{name}@demo.esante.example", password_hash=hashed, role=role, confirmed=True)
    clinic.accounts[name] = clinic.write(HOUSE, identity.create_account, new)
    person = Person(clinic, name)
    setattr(clinic, name, person)
    return person


def wait(clinic: Clinic, **by: float) -> None:
    """Time passes, and everybody signs in anew."""
    clinic.clock.advance(**by)
    for person in vars(clinic).values():
        if isinstance(person, Person):
            person.headers = {}


def told(clinic: Clinic, name: str) -> list[str]:
    """What somebody was told about invitations and assistants."""
    clinic.run_jobs()
    return [one["kind"] for one in clinic.notifications(name) if one["kind"].startswith("assistant_")]


def site(clinic: Clinic, owner: Person, **more: Any) -> dict[str, Any]:
    """A site that a doctor opens."""
    body = {"name": "Second practice", "kind": "private_practice", **more}
    answer = owner.post("/doctors/workplaces", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def invite(clinic: Clinic, doctor: Person, name: str = "hugo", place: str | None = None, **more: Any) -> Any:
    """A doctor invites somebody by address; the answer as it came."""
    body = {"workplaceId": place or clinic.made.workplace_id, "email": f"{name}@demo.esante.example", **more}
    return doctor.post("/doctors/invite-assistant", json=body)


def invited(clinic: Clinic, doctor: Person, name: str = "hugo", place: str | None = None, **more: Any) -> str:
    """The id of an invitation that was made."""
    answer = invite(clinic, doctor, name, place, **more)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["invitation"]["id"])


def respond(person: Person, invitation: str, *, accept: bool = True) -> Any:
    return person.post("/assistants/respond-invite", json={"invitationId": invitation, "accept": accept})
