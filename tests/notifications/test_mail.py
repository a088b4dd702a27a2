"""Mail: what is said of it is true. `sent` means that the server took it; everything else has its reason."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from esante.kernel.config import Config, Mail
from tests.live import Postman, free_port

WHO = {"email": "driss@demo.esante.example"}


@pytest.fixture
def postman() -> Iterator[Postman]:
    postman = Postman()
    yield postman
    postman.close()


@pytest.fixture
def config(config: Config, postman: Postman) -> Config:
    mail = Mail(host="127.0.0.1", port=postman.port, encryption="none", sender="clinic@demo.esante.example")
    return msgspec.structs.replace(config, mail=mail)


def ask_for_reset(clinic: Any) -> dict[str, Any]:
    assert clinic.anonymous.post("/auth/forgot-password", json=WHO).status_code == 202
    clinic.run_jobs()
    return delivery(clinic)


def delivery(clinic: Any) -> dict[str, Any]:
    [found] = clinic.rows("SELECT * FROM delivery WHERE kind = 'reset'")
    return found  # type: ignore[no-any-return]


def with_mail(clinic: Any, mail: Mail) -> None:
    """The same clinic after a restart with another mail server."""
    clinic.stop()
    clinic.config = msgspec.structs.replace(clinic.config, mail=mail)
    clinic.start()


def test_it_works(clinic: Any, postman: Postman) -> None:
    kept = ask_for_reset(clinic)
    assert (kept["state"], kept["tries"], kept["error"]) == ("sent", 1, None)
    mail = postman.wait_for(WHO["email"], "mot de passe")
    assert kept["id"] in mail["Message-ID"]
    assert "/reset?token=" in mail.get_content()
    assert "{" not in mail.get_content()


def test_no_secret_of_it_is_kept_anywhere(clinic: Any, postman: Postman) -> None:
    ask_for_reset(clinic)
    words = postman.wait_for(WHO["email"], "mot de passe").get_content().split("/reset?token=")[1].split()
    secret = words[0].split(".")[1]
    for table in ("delivery", "notification", "job", "audit", "one_time"):
        assert secret not in str(clinic.rows(f"SELECT * FROM {table}"))


def test_without_a_server_it_has_failed_and_says_so(clinic: Any) -> None:
    with_mail(clinic, Mail())
    kept = ask_for_reset(clinic)
    assert kept["state"] == "failed"
    assert "no mail server is configured" in kept["error"]
    shown = clinic.gwen.get("/notifications/deliveries", params={"state": "failed"}).json()["items"]
    assert kept["id"] in [one["id"] for one in shown]
    assert kept["id"] in {line["subject"] for line in clinic.audit("delivery.failed")}


def test_a_server_that_is_away_is_tried_again_until_it_is_there(clinic: Any, postman: Postman) -> None:
    there = clinic.config.mail
    with_mail(clinic, msgspec.structs.replace(there, port=free_port()))
    kept = ask_for_reset(clinic)
    assert (kept["state"], kept["tries"]) == ("queued", 1)
    assert "could not be reached" in kept["error"]
    clinic.run_jobs()
    assert delivery(clinic)["tries"] == 1  # not before its time
    with_mail(clinic, there)
    clinic.clock.advance(minutes=1)
    clinic.run_jobs()
    assert (delivery(clinic)["state"], delivery(clinic)["tries"]) == ("sent", 2)


def test_a_server_that_stays_away_ends_in_failed(clinic: Any) -> None:
    with_mail(clinic, Mail(host="127.0.0.1", port=free_port(), encryption="none", sender="c@demo.esante.example"))
    ask_for_reset(clinic)
    for minutes in (1, 5, 30, 120, 720):
        clinic.clock.advance(minutes=minutes)
        clinic.run_jobs()
    assert delivery(clinic)["state"] in ("failed", "suppressed")  # the link has run out by then
    assert clinic.rows("SELECT 1 FROM delivery WHERE state = 'sent'") == []


@pytest.mark.parametrize(("answer", "state"), [("550 no such person", "failed"), ("451 later", "queued")])
def test_what_the_server_says_decides(clinic: Any, postman: Postman, answer: str, state: str) -> None:
    postman.answer = answer
    kept = ask_for_reset(clinic)
    assert kept["state"] == state
    assert answer[:3] in kept["error"]
    assert WHO["email"] not in kept["error"]


def test_a_link_that_ran_out_is_not_sent(clinic: Any, postman: Postman) -> None:
    postman.answer = "451 later"
    ask_for_reset(clinic)
    clinic.clock.advance(hours=2)
    postman.answer = "250 taken"
    clinic.run_jobs()
    assert delivery(clinic)["state"] == "suppressed"
    assert [mail for mail in postman.mails if "mot de passe" in mail["Subject"]] == []


def test_an_unknown_address_is_sent_nothing_and_looks_the_same(clinic: Any) -> None:
    known = clinic.anonymous.post("/auth/forgot-password", json=WHO)
    unknown = clinic.anonymous.post("/auth/forgot-password", json={"email": "nobody@demo.esante.example"})
    assert (known.status_code, known.json()) == (unknown.status_code, unknown.json())
    clinic.run_jobs()
    assert len(clinic.rows("SELECT * FROM delivery WHERE kind = 'reset'")) == 1
