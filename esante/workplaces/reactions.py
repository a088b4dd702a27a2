"""What workplaces does when something has happened elsewhere."""

from esante.identity.events import AccountArchived
from esante.kernel.structs import AccountId
from esante.kernel.transaction import WriteTx
from esante.people.events import PractitionerApproved
from esante.workplaces.assistants import service as assistants
from esante.workplaces.members import service as members


def give_a_place(tx: WriteTx, event: PractitionerApproved) -> None:
    """A verified practitioner works at the clinic's own site until they say otherwise."""
    members.join_own_site(tx, event.subject)


def end_assignments(tx: WriteTx, event: AccountArchived) -> None:
    """An account that is closed assists nowhere; no site waits for it in vain."""
    assistants.end_all(tx, AccountId(event.subject))
