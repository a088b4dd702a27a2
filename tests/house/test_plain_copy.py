"""Every table of the clinic is in a plain copy or left out of it on purpose, and every column that is kept is there."""

import re

from esante.cli.exchange.plain_tables import LEFT_OUT, TABLES
from tests.house.test_shape import HOUSE

SCHEMA = (HOUSE / "schema.sql").read_text(encoding="utf-8")
PERSONAL = re.compile(
    r"name|mail|phone|mobile|address|street|note|reason|text|history|about|contact|photo|licen[cs]e", re.I
)


def tables() -> dict[str, str]:
    return dict(re.findall(r'^CREATE TABLE "?(\w+)"? \((.*?)\) STRICT', SCHEMA, re.M | re.S))


def test_it_works() -> None:
    known = tables().keys()
    assert known - TABLES.keys() - LEFT_OUT == set(), "say in plain_tables.py whether a plain copy holds them"
    assert (TABLES.keys() | LEFT_OUT) - known == set()
    assert TABLES.keys() & LEFT_OUT == set()


def test_what_a_pseudonymised_copy_keeps_is_there_and_names_nobody() -> None:
    for table, kept in TABLES.items():
        for column in kept.split():
            assert re.search(rf"\b{column}\b", tables()[table]), f"{table}.{column}"
            if (table, column) not in {
                ("room", "name"), ("appointment_type", "name"), ("appointment", "type_name"), ("patient_consent", "text_version"),
            }:  # fmt: skip
                assert not PERSONAL.search(column), f"{table}.{column} may name somebody"
