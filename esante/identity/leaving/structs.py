"""What is asked of whoever leaves."""

from esante.identity.structs import GivenPassword
from esante.kernel.structs import Asked


class Farewell(Asked):
    """The password, so that nobody deletes another's account at an open screen."""

    password: GivenPassword
