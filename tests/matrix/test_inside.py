"""The use cases without their routes: whom they refuse is as `inside.txt` says, and what is let in sees what it may."""

from collections.abc import Iterator

import pytest

from tests.conftest import Clinic
from tests.matrix import inside, trial
from tests.matrix.furnished import Ids, matrix_clinic
from tests.matrix.proofs import PROOFS, Proof


@pytest.fixture(scope="module")
def furnished() -> Iterator[tuple[Clinic, Ids]]:
    with matrix_clinic() as made, trial.undoing():
        yield made


def test_every_use_case_refuses_whom_it_should(furnished: tuple[Clinic, Ids]) -> None:
    now, read = inside.table(furnished[0]), inside.read_table()
    assert (now.keys() - read.keys(), read.keys() - now.keys()) == (set(), set())
    assert {title: (read[title], signs) for title, signs in now.items() if signs != read[title]} == {}


def test_what_only_the_house_does_refuses_every_person(furnished: tuple[Clinic, Ids]) -> None:
    signs = [signs for title, signs in inside.read_table().items() if signs == "333333+"]
    assert len(signs) > 10


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: str(proof.__name__))
def test_it_holds(furnished: tuple[Clinic, Ids], proof: Proof) -> None:
    proof(*furnished)
