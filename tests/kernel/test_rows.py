"""From rows to structs and back."""

import enum
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any, Literal, NewType

import apsw
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from esante.kernel import rows
from esante.kernel.structs import Kept

ThingId = NewType("ThingId", str)


class Inner(Kept):
    first_name: str
    at: datetime | None = None


class Colour(enum.Enum):
    RED = "red"


class Everything(Kept):
    thing_id: ThingId
    text: str
    maybe_text: str | None
    number: int
    real: float
    flag: bool
    raw: bytes
    born_on: date
    opens: time
    price: Decimal
    made_at: datetime
    ended_at: datetime | None
    choice: Literal["a", "b"]
    colour: Colour
    names: list[str]
    maybe_names: list[str] | None
    limits: Annotated[dict[str, int], msgspec.Meta(max_length=3)]
    inner: Inner
    inners: tuple[Inner, ...]
    set_of: frozenset[int]


@pytest.fixture(scope="module")
def conn() -> apsw.Connection:
    conn = apsw.Connection(":memory:")
    conn.convert_binding = rows.bind
    return conn


def there_and_back(conn: apsw.Connection, kept: Any) -> Any:
    names = [field.name for field in msgspec.structs.fields(type(kept))]
    sql = "SELECT " + ", ".join(f":{name} AS {name}" for name in names)
    for fetch in (rows.fetch_one, rows.fetch_all, rows.fetch_all):
        found: Any = fetch(type(kept), conn.execute(sql, rows.bindings((kept,))), sql)
    return found[0]


EXAMPLE = Everything(
    thing_id=ThingId("t"), text="null", maybe_text=None, number=-(2**63), real=0.1, flag=True, raw=b"\0\xff",
    born_on=date(1990, 2, 28), opens=time(8, 30), price=Decimal("12.50"),
    made_at=datetime(2026, 11, 20, 8, 30, 0, 123_000, tzinfo=UTC), ended_at=None, choice="b", colour=Colour.RED,
    names=["null", "é", ""], maybe_names=None, limits={"a": 1}, inner=Inner(first_name="Zoé"),
    inners=(Inner(first_name="x", at=datetime(2026, 1, 1, tzinfo=UTC)),), set_of=frozenset({1, 2}),
)  # fmt: skip


def test_it_works(conn: apsw.Connection) -> None:
    assert there_and_back(conn, EXAMPLE) == EXAMPLE


@given(
    text=st.text(),
    names=st.lists(st.text(), max_size=3),
    number=st.integers(-(2**63), 2**63 - 1),
    real=st.floats(allow_nan=False),
)
def test_any_text_and_number_comes_back(
    conn: apsw.Connection, text: str, names: list[str], number: int, real: float
) -> None:
    kept = msgspec.structs.replace(
        EXAMPLE, text=text, maybe_text=text, names=names, maybe_names=names, number=number, real=real
    )
    assert there_and_back(conn, kept) == kept


@given(st.datetimes(timezones=st.just(timezone(timedelta(hours=5, minutes=45)))), st.dates())
def test_any_instant_comes_back_in_utc_to_the_millisecond(conn: apsw.Connection, at: datetime, day: date) -> None:
    if at.year < 2 or at.year > 9998:
        return
    found = there_and_back(conn, msgspec.structs.replace(EXAMPLE, made_at=at, born_on=day))
    assert found.made_at == at.replace(microsecond=at.microsecond // 1000 * 1000)
    assert found.born_on == day


def test_scalars_come_from_the_first_column(conn: apsw.Connection) -> None:
    for kind, value in ((int, 7), (str, "null"), (datetime, EXAMPLE.made_at), (date, EXAMPLE.born_on), (bool, True)):
        sql = f"SELECT ? AS one, 2 AS two -- {kind}"
        for fetch in (rows.fetch_one, rows.fetch_one):
            assert fetch(kind, conn.execute(sql, (value,)), sql) == value
    assert rows.fetch_all(int, conn.execute("SELECT 1 WHERE 0"), "SELECT 1 WHERE 0") == []
    assert rows.fetch_one(int, conn.execute("SELECT 1 WHERE 0"), "SELECT 1 WHERE 0") is None


@pytest.mark.parametrize("fetch", [rows.fetch_one, rows.fetch_all])
def test_a_column_that_the_struct_lacks_is_named(conn: apsw.Connection, fetch: Any) -> None:
    sql = "SELECT 'x' AS first_name, 1 AS shoe_size"
    with pytest.raises(TypeError, match=r"Inner has no field for the column\(s\) shoe_size of: SELECT"):
        fetch(Inner, conn.execute(sql), sql)


def test_a_row_that_does_not_fit_says_where(conn: apsw.Connection) -> None:
    sql = "SELECT 7 AS first_name"
    with pytest.raises(msgspec.ValidationError, match=r"firstName"):
        rows.fetch_one(Inner, conn.execute(sql), sql)


def test_a_name_that_nobody_binds_is_an_error(conn: apsw.Connection) -> None:
    with pytest.raises(KeyError):
        conn.execute("SELECT :missing", rows.bindings(({"other": 1},)))


def test_what_was_left_unset_is_never_bound(conn: apsw.Connection) -> None:
    with pytest.raises(TypeError):
        conn.execute("SELECT ?", (msgspec.UNSET,))
