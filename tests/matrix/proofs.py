"""What a cell of the matrix cannot say: not whether somebody is let in, but how much they then see and change.

Each proof asks the furnished clinic, changes nothing that stays, and asserts. The mutation run asks them again with a
permission taken away.
"""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from esante.identity.passwords import service as passwords
from esante.kernel.actor import ANONYMOUS, Actor, house
from esante.kernel.errors import Refusal
from esante.kernel.transaction import WriteTx
from esante.people.family import policy as family_policy
from esante.people.merging import service as merging
from esante.people.merging.structs import MergeRequest
from esante.people.patients import service as patients
from esante.people.registration import service as registration
from esante.people.registration.structs import Registration
from esante.people.structs import NewPatient, PatientId
from esante.scheduling import availability
from esante.scheduling import policy as scheduling_policy
from esante.scheduling import service as scheduling
from esante.scheduling.series import service as series
from esante.scheduling.structs import AppointmentId, Because, TemplateRow, TemplateWish
from esante.workplaces.invitations import service as invitations
from tests.conftest import Clinic
from tests.matrix import trial
from tests.matrix.furnished import CANARIES, PHONES, Ids

Proof = Callable[[Clinic, Ids], None]

PROOFS: list[Proof] = []


def proof(function: Proof) -> Proof:
    PROOFS.append(function)
    return function


HOUSE = house("job:proof")


def actor_of(clinic: Clinic, name: str, role: Any, *scopes: tuple[str, str, Any]) -> Actor:
    """Somebody of the cast, with these scopes if an assistant."""
    person = clinic.ids.get(name) if role in ("patient", "doctor") else None
    return Actor(id=clinic.accounts[name], role=role, person_id=person, session_id="none", scopes=frozenset(scopes))


def inside(clinic: Clinic, actor: Actor, steps: Callable[[WriteTx], None]) -> None:
    """Take the steps in one transaction, which is undone; what they assert counts."""
    with pytest.raises(Refusal) as refused:
        clinic.write(actor, steps)
    assert isinstance(refused.value, trial.LetIn), refused.value


def refused(status: int, code: str | None, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    """It raises just this refusal."""
    found: tuple[int, str | None] | None = None
    try:
        function(*args, **kwargs)
    except Refusal as refusal:
        found = refusal.status, code and refusal.code
    assert found == (status, code), f"{function.__name__}: {found}"


# ----------------------------------------------------------------------------------- patients


@proof
def the_desk_without_leave_to_write_adds_no_dependants(clinic: Clinic, ids: Ids) -> None:
    reader = actor_of(clinic, "nils", "assistant", (ids["own"]["workplaceId"], "*", "patient.read"))

    def steps(tx: WriteTx) -> None:
        guardian = patients.patient_brief(tx, PatientId(clinic.ids["driss"]))
        born = patients.policy.of_age_before(tx.now, tx.settings.time_zone)
        refused(403, None, family_policy.may_add_dependants, tx, guardian, born, is_approved_doctor=False)

    inside(clinic, reader, steps)


@proof
def who_reads_for_two_doctors_changes_for_the_one_who_said_so(clinic: Clinic, ids: Ids) -> None:
    site, (amina, bruno) = ids["own"]["workplaceId"], (clinic.ids[name] for name in ("amina", "bruno"))
    scopes: Any = ((site, amina, "patient.read"), (site, bruno, "patient.read"), (site, amina, "patient.write"))

    def steps(tx: WriteTx) -> None:
        theirs = ids["foreign"]["patientId"]
        assert patients.visible_patient(tx, theirs).id == theirs
        refused(404, None, patients.visible_patient, tx, theirs, "patient.write")
        assert patients.visible_patient(tx, ids["own"]["patientId"], "patient.write")

    inside(clinic, actor_of(clinic, "nils", "assistant", *scopes), steps)


@proof
def nobody_names_a_guardian_whom_they_may_not_know(clinic: Clinic, ids: Ids) -> None:
    for whose, status in (("own", 299), ("foreign", 400)):
        child = {"firstName": "Nadia", "lastName": "New", "guardianId": ids[whose]["patientId"]}
        assert clinic.hugo.post("/patients", json=child).status_code == status


@proof
def a_search_finds_nobody_whom_the_searcher_may_not_know(clinic: Clinic, ids: Ids) -> None:
    found = {
        whose: [one["id"] for one in clinic.hugo.get(f"/patients?q={CANARIES[whose]}").json()["items"]]
        for whose in ("own", "foreign")
    }
    assert found == {"own": [ids["own"]["patientId"]], "foreign": []}


@proof
def a_merged_record_is_hidden_like_the_one_it_became(clinic: Clinic, ids: Ids) -> None:
    def steps(tx: WriteTx) -> None:
        asker, tx.actor = tx.actor, HOUSE
        merging.merge_patients(
            tx,
            ids["foreign"]["patientId"],
            MergeRequest(other_id=PatientId(ids["elsewhere"]["patientId"]), reason="the same"),
        )
        tx.actor = asker
        refused(404, None, patients.read_patient, tx, ids["elsewhere"]["patientId"])

    inside(clinic, actor_of(clinic, "amina", "doctor"), steps)


@proof
def who_may_be_the_same_is_not_named_to_who_may_not_know_them(clinic: Clinic, ids: Ids) -> None:
    asked = f"/patients/duplicates?firstName=Emma&lastName={CANARIES['foreign']}&mobileNumber={PHONES['foreign']}"
    (hidden,) = clinic.hugo.get(asked).json()["items"]
    assert (hidden["lastName"], hidden["birthDate"]) == (None, None)
    assert clinic.gwen.get(asked).json()["items"][0]["lastName"] == CANARIES["foreign"]


@proof
def a_guardian_does_not_say_himself_that_he_acts_on(clinic: Clinic, ids: Ids) -> None:
    consent = {
        "kind": "guardianship",
        "textVersion": "1",
        "text": "x",
        "language": "en",
        "guardianId": clinic.ids["driss"],
    }
    path = f"/patients/{ids['treated']['patientId']}/consents"
    assert clinic.driss.post(path, json=consent).status_code == 403
    assert clinic.gwen.post(path, json=consent).status_code == 299


@proof
def nobody_registers_in_a_clinic_that_registers_at_the_desk(clinic: Clinic, ids: Ids) -> None:
    asked = Registration(
        role="patient", email="new@demo.esante.example", first_name="A", last_name="B", password="x" * 9
    )
    new = NewPatient(first_name="A", last_name="B")

    def steps(tx: WriteTx) -> None:
        refused(403, "REGISTRATION_OFF", registration.register, tx, asked, "x")
        refused(403, "REGISTRATION_OFF", registration.check_self_registration, tx, tx.now.date())
        refused(403, "REGISTRATION_OFF", registration.register_at_kiosk, tx, new)

    with trial.switched_off(clinic):
        inside(clinic, ANONYMOUS, steps)


@proof
def a_doctor_who_is_not_approved_shows_no_face_to_strangers(clinic: Clinic, ids: Ids) -> None:
    path = f"/doctors/{clinic.ids['pia']}/photo"
    asked = (clinic.anonymous, clinic.driss, clinic.amina, clinic.pia, clinic.gwen)
    assert [one.get(path).status_code for one in asked] == [404, 404, 404, 200, 200]


# --------------------------------------------------------------------------------- scheduling


@proof
def the_desk_keeps_an_agenda_at_its_own_site_only(clinic: Clinic, ids: Ids) -> None:
    """Bruno is in his practice in the morning, and at the clinic in the afternoon; the desk keeps the afternoons."""
    here, there = ids["foreign"]["workplaceId"], ids["elsewhere"]["workplaceId"]
    bruno: Any = clinic.ids["bruno"]
    desk = actor_of(clinic, "chloe", "assistant", (here, "*", "schedule.write"))

    def steps(tx: WriteTx) -> None:
        shown = availability.show_template(tx, bruno).rows
        assert {one.workplace_id for one in shown} == {here}
        row: Any = {"weekday": 1, "from": "14:00", "to": "15:00", "slotMinutes": 30}
        mine, not_mine = (msgspec.convert(row | {"workplaceId": one}, TemplateRow) for one in (here, there))
        refused(403, "SCOPE_MISSING", availability.put_template, tx, bruno, TemplateWish(rows=[not_mine]))
        availability.put_template(tx, bruno, TemplateWish(rows=[mine]))
        tx.actor = actor_of(clinic, "bruno", "doctor")
        kept = availability.show_template(tx, None).rows
        assert sorted(one.workplace_id for one in kept) == sorted([here] + [there] * 7)

    inside(clinic, desk, steps)


@proof
def nobody_checks_in_for_somebody_else(clinic: Clinic, ids: Ids) -> None:
    theirs = AppointmentId(ids["foreign"]["appointmentId"])

    def steps(tx: WriteTx) -> None:
        refused(404, None, scheduling.check_in_oneself, tx, theirs)
        tx.actor = actor_of(clinic, "gwen", "admin")
        refused(403, None, scheduling.check_in_oneself, tx, theirs)

    inside(clinic, actor_of(clinic, "driss", "patient"), steps)


@proof
def a_series_that_is_over_is_hidden_too(clinic: Clinic, ids: Ids) -> None:
    def steps(tx: WriteTx) -> None:
        series.cancel_series(tx, ids["foreign"]["seriesId"], Because(reason="over"))
        tx.actor = actor_of(clinic, "amina", "doctor")
        refused(404, None, series.cancel_series, tx, ids["foreign"]["seriesId"], Because(reason="over"))

    inside(clinic, actor_of(clinic, "gwen", "admin"), steps)


@proof
def an_assistant_without_the_agenda_answers_for_nobody_who_waits(clinic: Clinic, ids: Ids) -> None:
    def steps(tx: WriteTx) -> None:
        refused(404, None, scheduling_policy.may_answer_for, tx, ids["own"]["patientId"])

    inside(clinic, actor_of(clinic, "nils", "assistant"), steps)


# --------------------------------------------------------------------- staff and prescriptions


@proof
def a_doctor_lends_nobody_a_colleagues_agenda(clinic: Clinic, ids: Ids) -> None:
    whose = ids["own"]["assignmentId"]
    known = {one["id"]: one for one in clinic.amina.get("/doctors/assistants").json()["items"]}[whose]
    wish = {"scopes": known["scopes"], "doctors": [clinic.ids["bruno"]]}
    headers = {"if-match": f'"{known["version"]}"'}
    assert clinic.amina.patch(f"/doctors/assistants/{whose}", json=wish, headers=headers).status_code == 403


@proof
def the_code_of_an_invitation_is_for_who_invited(clinic: Clinic, ids: Ids) -> None:
    code_of: Any = ids["elsewhere"]["invitationId"]

    def steps(tx: WriteTx) -> None:
        refused(404, None, invitations.code_for, tx, code_of)
        tx.actor = actor_of(clinic, "bruno", "doctor")
        assert invitations.code_for(tx, code_of)

    inside(clinic, actor_of(clinic, "amina", "doctor"), steps)


@proof
def nobody_prescribes_for_whom_they_do_not_treat(clinic: Clinic, ids: Ids) -> None:
    line = {"name": "X", "dosage": "1 g", "form": "tablet", "frequency": "daily", "duration": "7 days"}
    for whose, status in (("own", 299), ("treated", 299), ("foreign", 404), ("elsewhere", 404)):
        asked = {"patientId": ids[whose]["patientId"], "reason": "renewal", "lines": [line]}
        assert clinic.amina.post("/prescriptions", json=asked).status_code == status, whose


@proof
def a_reset_is_handed_out_by_admins(clinic: Clinic, ids: Ids) -> None:
    whose: Any = clinic.accounts["driss"]

    def steps(tx: WriteTx) -> None:
        refused(403, None, passwords.issue_reset, tx, whose)

    inside(clinic, actor_of(clinic, "amina", "doctor"), steps)
