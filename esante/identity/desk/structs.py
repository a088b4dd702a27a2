"""What is asked at a shared desk."""

from typing import Annotated

from msgspec import Meta

from esante.kernel.structs import Asked

Pin = Annotated[str, Meta(pattern=r"^[0-9]{6}(?![\s\S])")]


class PinChoice(Asked):
    """Six digits for this account on this device."""

    pin: Pin


class Unlock(Asked):
    """The PIN of the account that locked the session."""

    pin: Pin
