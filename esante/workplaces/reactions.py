"""What workplaces does when something has happened elsewhere."""

from esante.kernel.transaction import WriteTx
from esante.people.events import PractitionerApproved
from esante.workplaces.members import service as members


def give_a_place(tx: WriteTx, event: PractitionerApproved) -> None:
    """A verified practitioner works at the clinic's own site until they say otherwise."""
    members.join_own_site(tx, event.subject)
