"""The review queue: what failed or is critical is taken by an admin, and closed with a note."""

from typing import Any

import pytest


@pytest.fixture
def queue(clinic: Any) -> Any:
    clinic.anonymous.post(
        "/auth/login", json={"identifier": "gwen@demo.esante.example", "password": "Wrong-Password-1"}
    )
    return clinic


def items(clinic: Any, **params: Any) -> list[dict[str, Any]]:
    return list(clinic.gwen.get("/audit/reviews", params=params).json()["items"])


def test_it_works(queue: Any) -> None:
    [item] = items(queue)
    assert (item["line"]["action"], item["line"]["outcome"]) == ("auth.login_failed", "failed")
    assert (item["review"]["state"], item["review"]["version"]) == ("open", 0)
    seq, mine = item["review"]["seq"], {"accountId": queue.accounts["gwen"]}
    taken = queue.gwen.post(f"/audit/reviews/{seq}/assign", json=mine, headers={"If-Match": '"0"'})
    assert (taken.status_code, taken.json()["assigneeId"], taken.headers["etag"]) == (
        200,
        queue.accounts["gwen"],
        '"1"',
    )
    assert [one["review"]["seq"] for one in items(queue, assigneeId=queue.accounts["gwen"])] == [seq]
    closed = queue.gwen.post(
        f"/audit/reviews/{seq}/close", json={"note": "I mistyped it myself"}, headers={"If-Match": '"1"'}
    )
    assert closed.json()["state"] == "closed"
    assert items(queue) == []
    assert [one["review"]["note"] for one in items(queue, state="closed")] == ["I mistyped it myself"]
    [line] = queue.audit("audit.review_closed")
    assert (line["subject"], line["reason"]) == (str(seq), "I mistyped it myself")


def test_it_may_be_closed_without_being_taken(queue: Any) -> None:
    seq = items(queue)[0]["review"]["seq"]
    closed = queue.gwen.post(f"/audit/reviews/{seq}/close", json={"note": "harmless"}, headers={"If-Match": '"0"'})
    assert closed.json()["assigneeId"] == queue.accounts["gwen"]


def test_a_stale_or_missing_version_is_refused(queue: Any) -> None:
    path = f"/audit/reviews/{items(queue)[0]['review']['seq']}/close"
    assert queue.gwen.post(path, json={"note": "harmless"}).status_code == 428
    stale = queue.gwen.post(path, json={"note": "harmless"}, headers={"If-Match": '"7"'})
    assert (stale.status_code, stale.json()["error"]["extra"]["current"]["version"]) == (412, 0)
    queue.gwen.post(path, json={"note": "harmless"}, headers={"If-Match": '"0"'})
    again = queue.gwen.post(path, json={"note": "harmless"}, headers={"If-Match": '"1"'})
    assert (again.status_code, again.json()["error"]["extra"]["possible"]) == (409, [])


@pytest.mark.parametrize("note", ["", "no", "x" * 501])
def test_a_note_has_3_to_500_characters(queue: Any, note: str) -> None:
    path = f"/audit/reviews/{items(queue)[0]['review']['seq']}/close"
    assert queue.gwen.post(path, json={"note": note}, headers={"If-Match": '"0"'}).status_code == 400


def test_only_an_admin_looks_at_it(queue: Any) -> None:
    seq = items(queue)[0]["review"]["seq"]
    path, match = f"/audit/reviews/{seq}/assign", {"If-Match": '"0"'}
    wrong = queue.gwen.post(path, json={"accountId": queue.accounts["amina"]}, headers=match)
    assert (wrong.status_code, wrong.json()["error"]["details"][0]["field"]) == (400, "accountId")
    for name in ("amina", "chloe", "driss", "farid"):
        assert getattr(queue, name).get("/audit/reviews").status_code == 403
        assert getattr(queue, name).post(path, json={"accountId": "x"}, headers=match).status_code == 403


def test_an_ordinary_line_is_not_in_the_queue(queue: Any) -> None:
    ordinary = queue.audit("patient.registered")[0]["seq"]
    answer = queue.gwen.post(f"/audit/reviews/{ordinary}/close", json={"note": "harmless"}, headers={"If-Match": '"0"'})
    assert answer.status_code == 404
