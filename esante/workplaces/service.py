"""What the other rooms, the command line and the app may ask of workplaces, on one page."""

from esante.workplaces.assistants.service import (
    assignment_for,
    desk_of,
    grant_scopes,
    list_own_doctors,
    list_own_workplaces,
    scopes_of,
)
from esante.workplaces.closing.service import close_workplace, in_use
from esante.workplaces.invitations.service import expire_invitations, invitation_for, list_own_invitations
from esante.workplaces.members.service import is_member, join_own_site, place_for, primary_place, works_at
from esante.workplaces.sites.service import (
    add_room,
    change_room,
    change_workplace,
    check_hours,
    close_room,
    ensure_workplace,
    import_workplace,
    list_rooms,
    list_workplaces,
    room,
    show_workplace,
    the_workplace,
    the_workplace_id,
    workplace,
)

__all__ = [
    "add_room",
    "assignment_for",
    "change_room",
    "change_workplace",
    "check_hours",
    "close_room",
    "close_workplace",
    "desk_of",
    "ensure_workplace",
    "expire_invitations",
    "grant_scopes",
    "import_workplace",
    "in_use",
    "invitation_for",
    "is_member",
    "join_own_site",
    "list_own_doctors",
    "list_own_invitations",
    "list_own_workplaces",
    "list_rooms",
    "list_workplaces",
    "place_for",
    "primary_place",
    "room",
    "scopes_of",
    "show_workplace",
    "the_workplace",
    "the_workplace_id",
    "workplace",
    "works_at",
]
