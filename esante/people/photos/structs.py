"""A photograph, as kept and as answered."""

from esante.kernel.structs import Kept


class Photo(Kept):
    """The photograph that is shown from now on."""

    url: str
    width: int
    height: int
    size: int


class PhotoOf(Kept):
    """A person's photograph in the file store, if there is one."""

    person_id: str
    photo_id: str | None
