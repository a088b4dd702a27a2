"""Who may come in at a route: declared on the handler, closed when forgotten.

`@get("/appointments", access=SIGNED_IN)`. The guard refuses a route without a declaration, and the app refuses to start
with one. Whether and which, the service's policy decides.
"""

from collections.abc import Collection

from esante.kernel.actor import Role

Access = frozenset[Role]

OPEN_BODY = 65_536
"""So many bytes at most are taken from people whom nobody knows yet: `request_max_body_size` of every open route."""

OPEN: Access = frozenset({"anonymous", "patient", "doctor", "assistant", "pharmacist", "admin"})
"""Everybody, signed in or not."""

SIGNED_IN: Access = OPEN - {"anonymous"}

STAFF: Access = frozenset({"doctor", "assistant", "pharmacist", "admin"})


def roles(*names: Role) -> Access:
    """These roles only; anybody else gets 403, and 401 when nobody is signed in."""
    return frozenset(names)


def is_declared(access: object) -> bool:
    return isinstance(access, Collection) and bool(access)
