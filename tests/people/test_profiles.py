"""Finding doctors nearby, the history of decisions, completion, and who sees what (SPEC PE-10, PE-11, PE-14, rows 7, 8, 42, 43)."""

from typing import Any

import pytest

WHY = {"reason": "the copy is not readable"}
PROFILE = {
    "firstName": "Amina",
    "lastName": "Benali",
    "specialty": "General practice",
    "licenceNumber": "DEMO-amina",
    "licenceAuthority": "Demo Medical Council",
    "languages": ["fr", "ar"],
    "city": "Rennes",
    "feeMinor": 2500,
}
RENNES, PARIS = (48.1173, -1.6778), (48.8566, 2.3522)


def place(clinic: Any, doctor: str, at: tuple[float, float]) -> None:
    person = getattr(clinic, doctor)
    etag = person.get("/doctors/profile").headers["etag"]
    body = {"latitude": at[0], "longitude": at[1]}
    assert person.patch("/doctors/profile", json=body, headers={"if-match": etag}).status_code == 200


def near(clinic: Any, at: tuple[float, float], **params: Any) -> list[tuple[str, float]]:
    answer = clinic.anonymous.get("/doctors", params={"near": f"{at[0]},{at[1]}"} | params)
    assert answer.status_code == 200, answer.text
    return [(one["lastName"], one["distanceKm"]) for one in answer.json()["items"]]


def test_it_works(clinic: Any) -> None:
    place(clinic, "amina", RENNES)
    place(clinic, "bruno", PARIS)
    found = near(clinic, PARIS)
    assert [name for name, _ in found] == ["Lefèvre", "Benali"]
    assert found[0][1] == 0
    assert found[1][1] == pytest.approx(308.5, abs=1)
    assert [name for name, _ in near(clinic, RENNES)] == ["Benali", "Lefèvre"]


def test_within_a_radius_and_page_by_page(clinic: Any) -> None:
    assert near(clinic, PARIS) == []  # nobody has told a place
    place(clinic, "amina", RENNES)
    place(clinic, "bruno", PARIS)
    assert [name for name, _ in near(clinic, PARIS, radiusKm=100)] == ["Lefèvre"]
    assert [name for name, _ in near(clinic, PARIS, specialty="general")] == ["Benali"]
    first = clinic.anonymous.get("/doctors", params={"near": "48.8566,2.3522", "limit": 1}).json()
    second = clinic.anonymous.get(
        "/doctors", params={"near": "48.8566,2.3522", "limit": 1, "cursor": first["nextCursor"]}
    ).json()
    assert [one["lastName"] for one in first["items"] + second["items"]] == ["Lefèvre", "Benali"]
    assert second["nextCursor"] is None
    for wrong in ("x", "91,0", "0,181", "1"):
        assert clinic.anonymous.get("/doctors", params={"near": wrong}).status_code == 400


def test_the_history_of_decisions_is_for_admins(clinic: Any) -> None:
    path = f"/doctors/{clinic.ids['amina']}"
    clinic.gwen.post(f"{path}/suspend", json=WHY)
    clinic.gwen.post(f"{path}/approve")
    shown = clinic.gwen.get(f"{path}/decisions").json()["items"]
    assert [one["decision"] for one in shown] == ["approved", "suspended", "approved"]
    assert (shown[1]["reason"], shown[1]["decidedBy"]) == (WHY["reason"], clinic.accounts["gwen"])
    assert clinic.amina.get(f"{path}/decisions").status_code == 403
    assert clinic.gwen.get("/doctors/nobody/decisions").status_code == 404


def test_how_much_of_a_profile_is_filled(clinic: Any) -> None:
    before = clinic.emma.get("/users/profile/completion").json()
    assert before["percent"] == 38
    assert "mobileNumber" in before["missing"]
    clinic.emma.patch("/users/profile", json={"nationality": "FR"}, headers={"if-match": '"1"'})
    assert clinic.emma.get("/users/profile/completion").json()["percent"] == 46
    assert "photo" in clinic.amina.get("/users/profile/completion").json()["missing"]
    assert clinic.gwen.get("/users/profile/completion").status_code == 403


def test_row_42_only_the_verified_are_listed_and_no_licence_is_public(clinic: Any) -> None:
    """Verified list excludes pending; licence copies never public."""
    clinic.gwen.post(f"/doctors/{clinic.ids['bruno']}/suspend", json=WHY)
    listed = clinic.anonymous.get("/doctors").json()["items"]
    assert [one["lastName"] for one in listed] == ["Benali"]
    one = clinic.anonymous.get(f"/doctors/{clinic.ids['amina']}").json()
    for body in (*listed, one):
        assert not {"licenceNumber", "licenceAuthority", "mobileNumber", "email", "status", "latitude"} & set(body)
    assert clinic.anonymous.get(f"/doctors/{clinic.ids['bruno']}").status_code == 404
    assert clinic.anonymous.get("/doctors/pending").status_code == 401
    for person in (clinic.driss, clinic.amina, clinic.chloe):
        assert person.get("/doctors/pending").status_code == 403


def test_row_43_a_changed_licence_is_verified_again(clinic: Any) -> None:
    """Verification from pending works; re-verification after licence change."""
    etag = clinic.amina.get("/doctors/profile").headers["etag"]
    changed = clinic.amina.put(
        "/doctors/profile", json=PROFILE | {"licenceNumber": "NEW-1"}, headers={"if-match": etag}
    )
    assert changed.json()["status"] == "pending"
    assert clinic.anonymous.get(f"/doctors/{clinic.ids['amina']}").status_code == 404
    waiting = clinic.gwen.get("/doctors/pending").json()["items"]
    assert [one["practitioner"]["id"] for one in waiting] == [clinic.ids["amina"]]
    assert clinic.gwen.post(f"/doctors/{clinic.ids['amina']}/approve").json()["status"] == "approved"
    assert clinic.anonymous.get(f"/doctors/{clinic.ids['amina']}").status_code == 200
    assert clinic.gwen.post(f"/doctors/{clinic.ids['amina']}/approve").status_code == 409


def test_row_7_a_foreign_id_is_404_for_every_act(clinic: Any) -> None:
    """Only owner or scope may act on an id; foreign id gives 404."""
    emma = f"/patients/{clinic.ids['emma']}"
    version = {"if-match": '"1"'}
    consent = {"kind": "marketing", "textVersion": "1", "text": "x"}
    acts = [
        ("GET", "", None),
        ("PATCH", "", {"nationality": "FR"}),
        ("PUT", "", {"firstName": "A", "lastName": "B"}),
        ("GET", "/dependants", None),
        ("POST", "/dependants", {"firstName": "A", "lastName": "B", "birthDate": "2020-01-01"}),
        ("GET", "/consents", None),
        ("POST", "/consents", consent),
        ("GET", "/contacts", None),
        ("POST", "/contacts", {"name": "A", "phone": "12345"}),
        ("PUT", "/contacts", []),
        ("GET", "/insurances", None),
        ("POST", "/insurances", {"provider": "A", "policyNumber": "1"}),
        ("PUT", "/insurances", []),
        ("GET", "/photo", None),
        ("DELETE", "/photo", None),
    ]
    for method, path, body in acts:
        for person in (clinic.driss, clinic.amina):
            if person is clinic.amina and path == "/dependants" and method == "POST":
                continue
            answer = person.request(method, emma + path, json=body, headers=version)
            assert answer.status_code == 404, (method, path, person.name, answer.text)
            nobody = person.request(method, "/patients/nobody" + path, json=body, headers=version)
            assert nobody.json()["error"]["code"] == answer.json()["error"]["code"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/users/profile", {"role": "admin"}),
        ("/users/profile", {"source": "desk"}),
        ("/users/profile", {"version": 9}),
        ("/users/profile", {"archivedAt": None}),
        ("/users/profile", {"mergedInto": "x"}),
        ("/users/profile", {"hasPhoto": True}),
        ("/users/profile", {"mobileE164": "+33"}),
        ("/doctors/profile", {"status": "approved"}),
        ("/doctors/profile", {"active": True}),
        ("/doctors/profile", {"rating": 5}),
        ("/doctors/profile", {"email": "x@example.org"}),
        ("/doctors/profile", {"hasPhoto": True}),
    ],
)
def test_row_8_nobody_sets_what_is_not_theirs(clinic: Any, path: str, body: dict[str, Any]) -> None:
    """No client field can set role, verification, rating, fee, price, total, status."""
    person = clinic.amina if path.startswith("/doctors") else clinic.emma
    assert person.patch(path, json=body, headers={"if-match": '"1"'}).status_code == 400
