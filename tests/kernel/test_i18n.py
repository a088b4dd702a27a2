"""The person's language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esante.kernel.i18n import LANGUAGES, preferred, translate


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "fr"),
        ("", "fr"),
        ("en", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("EN-us", "en"),
        ("fr;q=0.3, en;q=0.8", "en"),
        ("fr; q=0.3, en; q=0.8", "en"),
        ("de, en;q=0.5, fr;q=0.4", "en"),
        ("en;q=0", "fr"),
        ("en;q=0, fr;q=0.1", "fr"),
        ("ar, *;q=0.1", "fr"),
        ("en;q=high", "fr"),
        ("en;q=nan, fr", "fr"),
        ("fr, en", "fr"),
        ("en, fr", "en"),
    ],
)
def test_it_works(header: str | None, language: str) -> None:
    assert preferred(header, "fr") == language


@given(st.text(), st.sampled_from(LANGUAGES))
def test_whatever_is_sent_one_of_ours_is_taken(header: str, default: str) -> None:
    assert preferred(header, default) in LANGUAGES


def test_an_unknown_message_stays_english_with_its_values() -> None:
    assert translate("fr", "Never heard of {what} {{}}", what="a {brace}") == "Never heard of a {brace} {}"
    assert translate("xx", "Never heard of {what}") == "Never heard of {what}"
