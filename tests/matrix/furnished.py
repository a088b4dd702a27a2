"""The clinic of the matrix: one of each kind of person, and for each ownership something of every kind to ask for.

The things are the same for everybody; whose they are is named as Driss and Amina see it:

* own: Driss, seen by Amina, who wrote down what she saw;
* treated: Dina, a child of Driss, whom Amina treats too, but what is asked for was written by Bruno;
* foreign: Emma, whom only Bruno has seen, in the clinic;
* elsewhere: Omar, whom only Bruno has seen, in his own practice;
* archived: Ali, a child of Driss, seen by Amina, whose record is archived.
"""

import io
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image

from esante.demo import DESK
from esante.identity import service as identity
from esante.identity.structs import NewAccount
from esante.kernel import clock
from esante.kernel.config import Backup, Config, Keys
from esante.kernel.passwords import Passwords
from esante.people import service as people
from esante.people.structs import PractitionerProfile
from esante.scheduling.kiosk import service as kiosk
from esante.workplaces import service as workplaces
from tests.conftest import LIMITS, PASSWORD, Clinic, Clock, Person, furnish, quick_passwords
from tests.records.visit import LINE, SAYS
from tests.workplaces.desk import HOUSE

OWNERSHIPS = ("own", "treated", "foreign", "elsewhere", "archived")

ROLES = {
    "anonymous": None,
    "patient": "driss",
    "desk": "chloe",
    "helper": "hugo",
    "clerk": "cora",
    "unscoped": "nils",
    "doctor": "amina",
    "pending": "pia",
    "pharmacist": "farid",
    "admin": "gwen",
    "suspended": "sami",
    "unconfirmed": "uma",
}
"""The columns. `desk` has every scope in the clinic, `helper` for Amina only, `clerk` the usual ones (no records), `unscoped`
none. `pending` is a doctor whose licence nobody has verified; `suspended` and `unconfirmed` are doctors with a token of better
days."""

ALL_SCOPES: tuple[Any, ...] = (
    "schedule.read",
    "schedule.write",
    "patient.read",
    "patient.write",
    "records.read",
    "billing",
    "messages",
    "documents.upload",
)

CANARIES = {
    "own": "Zkanariown",
    "treated": "Zkanaritre",
    "foreign": "Zkanarifor",
    "elsewhere": "Zkanariels",
    "archived": "Zkanariarc",
}
"""In every text about who the patient is and why they come: name, reason of a visit, insurance, consent."""
CLINICAL = {ownership: word.replace("Zkanari", "Zklinik") for ownership, word in CANARIES.items()}
"""In every text of their consultations and prescriptions."""
BASICS = {ownership: word.replace("Zkanari", "Zbasik") for ownership, word in CANARIES.items()}
"""In their allergies."""
PHONES = {"own": "0639980001", "foreign": "0639980003", "elsewhere": "0639980004"}

BORN = {"own": "1984-05-17", "foreign": "1991-11-02", "elsewhere": "1970-01-01"}

NOBODY_KNOWN = {"mobileNumber": "0639980009", "birthDate": "1980-01-01"}

PATIENTS = {"own": "driss", "treated": "dina", "foreign": "emma", "elsewhere": "omar", "archived": "ali"}
AUTHORS = {"own": "amina", "treated": "bruno", "foreign": "bruno", "elsewhere": "bruno", "archived": "amina"}

NOTHING = "00000000-0000-7000-8000-000000000000"

Ids = dict[str, dict[str, str]]
"""By ownership, then by the name of a parameter or field (`patientId`, `appointmentId`, ...)."""


@contextmanager
def matrix_clinic() -> Iterator[tuple[Clinic, Ids]]:
    """The running clinic, and what can be asked for in it."""
    folder = Path(tempfile.mkdtemp(prefix="esante-matrix-"))
    with pytest.MonkeyPatch.context() as patch:
        hasher = quick_passwords()._hasher
        patch.setattr("esante.app.Passwords", lambda: Passwords(hasher))
        made = furnish(folder)
        config = msgspec.structs.replace(
            Config(limits=LIMITS), keys=Keys(file=str(folder / "demo-key")), backup=Backup(nightly=False)
        )
        clinic = Clinic(folder, made, config, Clock())
        try:
            yield clinic, Furnisher(clinic).furnish()
        finally:
            clinic.close()
            shutil.rmtree(folder)


class Furnisher:
    """Makes people and things, through the API wherever it can."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic
        self.ids: Ids = {ownership: {} for ownership in OWNERSHIPS}

    def furnish(self) -> Ids:
        self.people()
        self.site()
        self.patients()
        for ownership in OWNERSHIPS:
            self.visit(ownership)
        for ownership in OWNERSHIPS:
            self.things(ownership)
        self.shared()
        self.leftovers()
        self.farewells()
        return self.ids

    # ------------------------------------------------------------------ people

    def account(self, name: str, role: Any, person_id: str | None = None, *, confirmed: bool = True) -> None:
        hashed = self.clinic.parts.passwords.hash_now(PASSWORD)
        new = NewAccount(
            email=f"{name}@demo.esante.example",
            password_hash=hashed,
            role=role,
            person_id=person_id,
            confirmed=confirmed,
        )
        self.clinic.accounts[name] = self.clinic.write(HOUSE, identity.create_account, new)
        setattr(self.clinic, name, Person(self.clinic, name))

    def doctor(self, name: str, status: Any) -> None:
        profile = PractitionerProfile(
            first_name=name.title(),
            last_name="Verne",
            specialty="general practice",
            licence_number=f"L-{name}",
            licence_authority="Council",
        )
        self.clinic.ids[name] = self.clinic.write(
            HOUSE, people.add_practitioner, profile, email=None, source="desk", status=status
        )
        self.account(name, "doctor", self.clinic.ids[name])

    def people(self) -> None:
        clinic = self.clinic
        workplace = clinic.made.workplace_id
        clinic.write(HOUSE, workplaces.grant_scopes, clinic.accounts["chloe"], workplace, ALL_SCOPES)
        self.account("hugo", "assistant")
        self.account("nils", "assistant")
        self.account("cora", "assistant")
        clinic.write(HOUSE, workplaces.grant_scopes, clinic.accounts["cora"], workplace, DESK)
        self.doctor("pia", "pending")
        self.doctor("sami", "approved")
        self.doctor("uma", "approved")
        version = clinic.gwen.get("/settings/featureKiosk").headers["etag"]
        self.ok(clinic.gwen.put("/settings/featureKiosk", json={"value": True}, headers={"if-match": version}))
        wish = {"workplaceId": workplace, "email": "hugo@demo.esante.example", "scopes": list(ALL_SCOPES)}
        invited = self.ok(clinic.amina.post("/doctors/invite-assistant", json=wish))["invitation"]
        self.ok(clinic.hugo.post("/assistants/respond-invite", json={"invitationId": invited["id"], "accept": True}))

    def site(self) -> None:
        """Bruno's own practice, where he is every morning, and at the clinic in the afternoon; Amina's is still empty."""
        clinic = self.clinic
        place = self.ok(clinic.bruno.post("/doctors/workplaces", json={"name": "Cabinet", "kind": "private_practice"}))
        rows = [
            {"weekday": day, "from": begin, "to": end, "slotMinutes": 30} | more
            for day in range(1, 8)
            for begin, end, more in (
                ("08:00", "12:00", {"workplaceId": place["id"]}),
                ("13:00", "18:00", {}),
            )
        ]
        self.ok(clinic.bruno.put("/availability/template", json={"rows": rows}))
        clinic.write(HOUSE, workplaces.grant_scopes, clinic.accounts["nils"], clinic.made.workplace_id, ())
        for ownership in OWNERSHIPS:
            is_there = ownership == "elsewhere"
            self.ids[ownership]["workplaceId"] = place["id"] if is_there else clinic.made.workplace_id
            self.ids[ownership]["siteId"] = self.ids[ownership]["workplaceId"]
            self.ids[ownership]["practitionerId"] = clinic.ids[AUTHORS[ownership]]

        own = self.ok(clinic.amina.post("/doctors/workplaces", json={"name": "Mine", "kind": "private_practice"}))
        self.ids["own"]["siteId"] = own["id"]

    def patients(self) -> None:
        clinic = self.clinic
        for ownership in ("own", "foreign", "elsewhere", "treated", "archived"):
            canary = CANARIES[ownership]
            about = {
                "lastName": canary,
                "allergies": [{"text": BASICS[ownership]}],
                "insurances": [{"provider": canary, "policyNumber": canary}],
            }
            if ownership in PHONES:
                about["mobileNumber"] = PHONES[ownership]
            name = PATIENTS[ownership]
            if name in clinic.ids:
                path, person = f"/patients/{clinic.ids[name]}", getattr(clinic, name)
                version = person.get(path).headers["etag"]
                self.ok(person.patch(path, json=about, headers={"if-match": version}))
            elif ownership == "elsewhere":
                made = self.ok(
                    clinic.bruno.post("/patients", json={"firstName": "Omar", "birthDate": "1970-01-01"} | about)
                )
                clinic.ids["omar"] = made["id"]
            else:
                child = {"firstName": name.title(), "birthDate": "2019-01-01"} | about
                path = f"/patients/{clinic.ids['driss']}/dependants"
                clinic.ids[name] = self.ok(clinic.driss.post(path, json=child))["id"]
            self.ids[ownership]["patientId"] = clinic.ids[name]

    def visit(self, ownership: str) -> None:
        """A completed visit with a consultation and a prescription, and another visit tomorrow."""
        clinic, canary, ids = self.clinic, CANARIES[ownership], self.ids[ownership]
        clinical = CLINICAL[ownership]
        doctor = getattr(clinic, AUTHORS[ownership])
        wish = {
            "patientId": ids["patientId"],
            "practitionerId": ids["practitionerId"],
            "workplaceId": ids["workplaceId"],
            "typeId": clinic.types["consultation"],
            "reason": canary,
        }
        seen = self.ok(clinic.gwen.post("/appointments", json=wish | {"walkIn": True}))
        if seen["status"] == "confirmed":
            self.ok(clinic.gwen.post(f"/appointments/{seen['id']}/check-in"))
        self.ok(doctor.post(f"/appointments/{seen['id']}/start"))
        said = {key: clinical if isinstance(value, str) else value for key, value in SAYS.items()}
        draft = self.ok(doctor.post("/consultations", json={"appointmentId": seen["id"]} | said))
        lines = [LINE | {"name": clinical}]
        prescribed = self.ok(doctor.post("/prescriptions", json={"consultationId": draft["id"], "lines": lines}))
        self.ok(doctor.post(f"/consultations/{draft['id']}/complete"))
        ids |= {"consultationId": draft["id"], "prescriptionId": prescribed["id"], "seenId": seen["id"]}
        if ownership == "treated":  # Amina treats Dina too
            self.clinic.write(
                HOUSE,
                people.open_care,
                ids["patientId"],
                clinic.ids["amina"],
                source="consultation",
                source_id="matrix",
            )
        self.later(minutes=40)

    def things(self, ownership: str) -> None:
        """What else can be asked for about the patient: a visit tomorrow, a series, a wish to be seen earlier, a consent."""
        clinic, canary, ids = self.clinic, CANARIES[ownership], self.ids[ownership]
        number = OWNERSHIPS.index(ownership)
        wish = {
            "patientId": ids["patientId"],
            "practitionerId": ids["practitionerId"],
            "workplaceId": ids["workplaceId"],
            "typeId": clinic.types["consultation"],
            "reason": canary,
        }
        morning = f"2026-11-17T{8 + number:02}:00:00+01:00"
        ids["appointmentId"] = self.ok(clinic.gwen.post("/appointments", json=wish | {"startsAt": morning}))["id"]
        asker = {"own": "driss", "treated": "driss", "foreign": "emma"}.get(ownership)
        if asker:
            moved = {"startsAt": f"2026-11-19T{14 + number:02}:00:00+01:00"}
            path = f"/appointments/{ids['appointmentId']}/reschedule-requests"
            self.ok(getattr(clinic, asker).post(path, json=moved))
        first = f"2026-11-18T{8 + number:02}:00:00+01:00"
        series = wish | {"startsAt": first, "visits": 2}
        ids["seriesId"] = self.ok(clinic.gwen.post("/appointments/series", json=series))["id"]
        waiting = {key: wish[key] for key in ("patientId", "practitionerId", "typeId", "reason")}
        waiting |= {"from": "2026-11-17", "to": "2026-11-19"}
        ids["entryId"] = self.ok(clinic.gwen.post("/waitlist", json=waiting))["id"]
        consent = {"kind": "treatment", "textVersion": "1", "text": canary, "language": "en"}
        path = f"/patients/{ids['patientId']}/consents"
        ids["consentId"] = self.ok(clinic.gwen.post(path, json=consent))["id"]
        self.ok(clinic.gwen.put(f"/patients/{ids['patientId']}/photo", content=PICTURE, headers=PNG))

    def shared(self) -> None:
        """What belongs to doctors and accounts, not to patients: own is Driss's or Amina's own, treated is what Amina has in
        the clinic, foreign Emma's or Bruno's there, elsewhere Bruno's in his practice."""
        clinic, ids = self.clinic, self.ids
        clinic.run_jobs()
        whose = dict(zip(OWNERSHIPS, ("driss", "amina", "emma", "bruno", "sami"), strict=True))
        inviter = {"own": "amina", "treated": "amina", "foreign": "bruno", "elsewhere": "bruno", "archived": "amina"}
        guests = {"own": "driss", "treated": "farid", "foreign": "emma", "elsewhere": "guest", "archived": "gwen"}
        self.account("hedi", "assistant")
        feed = self.ok(clinic.amina.post("/doctors/calendar-feed"))
        for doctor in ("amina", "bruno", "pia"):
            self.ok(getattr(clinic, doctor).put("/users/photo", content=PICTURE, headers=PNG))
            path = "/doctors/profile/documents/licence"
            self.ok(getattr(clinic, doctor).put(path, content=PICTURE, headers=PNG))
        self.ok(clinic.driss.put("/users/photo", content=PICTURE, headers=PNG))
        self.ok(clinic.gwen.put("/settings/logo", content=PICTURE, headers=PNG))
        for name in ("amina", "bruno"):
            whom = f"?practitionerId={clinic.ids[name]}"
            self.ok(
                clinic.gwen.put(f"/availability/exceptions/2026-11-24{whom}", json={"note": "Away", "dayOff": True})
            )
            path = f"/appointment-types/{clinic.types['consultation']}/prices/{clinic.ids[name]}"
            self.ok(clinic.gwen.put(path, json={"priceMinor": 2_500}))
        helpers = {name: self.invite(name, "hedi", accept=True) for name in ("bruno",)}
        helpers["amina"] = clinic.rows(
            "SELECT id FROM assistant_assignment WHERE account_id = ?", clinic.accounts["hugo"]
        )[0]["id"]
        for ownership, name in whose.items():
            account = clinic.accounts[name]
            mine = ids[ownership]
            mine["accountId"] = account
            self.kiosk(ownership)
            told = clinic.notifications(name)
            mine["notificationId"] = told[0]["id"] if told else NOTHING
            mine["invitationId"] = self.invite(inviter[ownership], guests[ownership], accept=False)
            mine["assignmentId"] = helpers[inviter[ownership]]
            room = {"name": f"Room {ownership}"}
            mine["roomId"] = self.ok(clinic.gwen.post(f"/workplaces/{mine['workplaceId']}/rooms", json=room))["id"]
            mine["feedToken"] = feed["path"].rpartition("/")[2]
            mine["typeId"] = clinic.types["consultation"]
            mine["otherId"] = ids["foreign" if ownership == "elsewhere" else "elsewhere"]["patientId"]

    def kiosk(self, ownership: str) -> None:
        """At the kiosk the patient has asked for a code, in another visit entered it."""
        clinic, mine = self.clinic, self.ids[ownership]
        mine["token"], mine["visitId"], mine["kioskPatientId"] = "none", NOTHING, mine["patientId"]
        if ownership in PHONES:
            about = {"mobileNumber": PHONES[ownership], "birthDate": BORN[ownership]}
            opened = self.ok(clinic.anonymous.post("/kiosk/start", json=about))["id"]
            code = clinic.read(HOUSE, kiosk.pending_code, opened)
            given = {"id": opened, "code": code}
            mine["token"] = self.ok(clinic.anonymous.post("/kiosk/open", json=given))["token"]
            mine["visitId"] = self.ok(clinic.anonymous.post("/kiosk/start", json=about))["id"]
        stands = self.ok(clinic.anonymous.post("/kiosk/start", json=NOBODY_KNOWN))["id"]
        clinic.tamper("UPDATE kiosk_visit SET patient_id = ? WHERE id = ?", mine["patientId"], stands)

    def leftovers(self) -> None:
        """What admins look after: a job that was given up, a line to review, a signed checkpoint, a merge to undo."""
        clinic = self.clinic
        clinic.tamper(
            "INSERT INTO job (id, name, payload, due_at, failed_at, error, created_at)"
            " VALUES ('given-up', 'x', '{}', ?, ?, 'x', ?)",
            *[clock.text(clinic.clock.now())] * 3,
        )
        clinic.anonymous.post(
            "/auth/login", json={"identifier": "emma@demo.esante.example", "password": "Wrong-Horse-8"}
        )
        seq = clinic.rows("SELECT max(seq) AS seq FROM audit WHERE action = 'auth.login_failed'")[0]["seq"]
        twins = [{"firstName": name, "lastName": "Twice", "birthDate": "1950-01-01"} for name in ("Una", "Duo")]
        kept, other = (self.ok(clinic.gwen.post("/patients", json=one))["id"] for one in twins)
        self.ok(clinic.gwen.post(f"/patients/{kept}/merge", json={"otherId": other, "reason": "the same"}))
        for mine in self.ids.values():
            mine |= {"jobId": "given-up", "seq": str(seq), "survivorId": kept, "mergedId": other}
        clinic.run(clinic.app.notary.sign())

    def invite(self, inviter: str, guest: str, *, accept: bool) -> str:
        clinic = self.clinic
        wish = {"workplaceId": clinic.made.workplace_id, "email": f"{guest}@demo.esante.example"}
        person = getattr(clinic, inviter)
        made = self.ok(person.post("/doctors/invite-assistant", json=wish))["invitation"]["id"]
        if accept:
            answer = {"invitationId": made, "accept": True}
            self.ok(getattr(clinic, guest).post("/assistants/respond-invite", json=answer))
            account = clinic.accounts[guest]
            return clinic.rows("SELECT id FROM assistant_assignment WHERE account_id = ?", account)[0]["id"]
        return str(made)

    def farewells(self) -> None:
        """Who is archived, suspended, or no longer confirmed, after everybody has signed in."""
        clinic = self.clinic
        path = f"/patients/{clinic.ids['ali']}"
        version = clinic.gwen.get(path).headers["etag"]
        self.ok(clinic.gwen.delete(path, headers={"if-match": version}))
        for name in filter(None, ROLES.values()):
            getattr(clinic, name).sign_in()
        why = {"reason": "left"}
        self.ok(clinic.gwen.post(f"/admin/users/{clinic.accounts['sami']}/suspend", json=why))
        clinic.tamper("UPDATE account SET status = 'pending_confirmation' WHERE id = ?", clinic.accounts["uma"])
        clinic.app.door.forget_all()
        for ownership, name in zip(OWNERSHIPS, ("driss", "amina", "emma", "bruno", "gwen"), strict=True):
            sessions = self.ok(getattr(clinic, name).get("/auth/sessions"))["items"]
            self.ids[ownership]["sessionId"] = sessions[-1]["id"]

    def later(self, **by: float) -> None:
        self.clinic.clock.advance(**by)
        for person in vars(self.clinic).values():
            if isinstance(person, Person):
                person.headers = {}

    @staticmethod
    def ok(answer: Any) -> Any:
        assert answer.status_code < 300, f"{answer.request.method} {answer.request.url} {answer.text}"
        return answer.json() if answer.content else None


def _picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 40), "teal").save(out, "PNG")
    return out.getvalue()


PNG = {"content-type": "image/png"}
PICTURE = _picture()
