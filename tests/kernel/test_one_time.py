"""Secrets that are derived, never stored."""

from hypothesis import given
from hypothesis import strategies as st

from esante.kernel.one_time import OneTimeSecrets, new_salt, row_of, same
from esante.kernel.structs import new_id

SECRETS = OneTimeSecrets(bytes(32))
SALT = bytes(16)


def test_it_works() -> None:
    id, salt = new_id(), new_salt()
    token = SECRETS.token("reset-link", id, salt)
    assert token == SECRETS.token("reset-link", id, salt)
    assert row_of(token) == id
    assert same(token, SECRETS.token("reset-link", id, salt))
    assert len(token) == 36 + 1 + 43


def test_each_purpose_row_salt_generation_and_key_has_its_own() -> None:
    tokens = {
        SECRETS.token("reset-link", "a", SALT),
        SECRETS.token("confirm-link", "a", SALT),
        SECRETS.token("reset-link", "b", SALT),
        SECRETS.token("reset-link", "a", bytes(15) + b"1"),
        SECRETS.token("reset-link", "a", SALT, 1),
        OneTimeSecrets(b"k" * 32).token("reset-link", "a", SALT),
    }
    assert len({token.partition(".")[2] for token in tokens}) == 6
    assert len({new_salt() for _ in range(100)}) == 100


@given(salt=st.binary(min_size=16, max_size=16), generation=st.integers(0, 10**6))
def test_a_code_has_six_digits(salt: bytes, generation: int) -> None:
    code = SECRETS.code("confirm-code", "row", salt, generation)
    assert len(code) == 6
    assert code.isascii()
    assert code.isdigit()


@given(st.text())
def test_whatever_is_given_names_a_row_or_none_and_is_not_the_secret(given_token: str) -> None:
    assert len(row_of(given_token)) <= 64
    assert not same(given_token, SECRETS.token("session", "row", SALT))
