"""Cursors of lists: opaque, and refused when they are not ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esante.kernel.errors import Invalid
from esante.kernel.structs import decode_cursor, encode_cursor, new_id


def test_it_works() -> None:
    assert decode_cursor(encode_cursor("Müller", 7, None), 3) == ("Müller", 7, None)
    assert decode_cursor(None, 3) is None


@pytest.mark.parametrize(
    "cursor",
    ["", "zz", "7b7d", "5b", b"[1]".hex(), b"[[1],2]".hex(), b"[{},2]".hex(), b"[99999999999999999999,2]".hex()],
)
def test_what_is_not_ours_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid) as refused:
        decode_cursor(cursor, 2)
    assert refused.value.field == "cursor"


@given(st.text())
def test_no_text_is_more_than_refused(cursor: str) -> None:
    with pytest.raises(Invalid):
        decode_cursor(cursor, 2)


def test_ids_are_sorted_by_the_time_of_their_making() -> None:
    ids = [new_id() for _ in range(1000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 1000
