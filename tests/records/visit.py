"""What the tests of the chart begin with: a visit under way, a consultation that says something, a prescription."""

from typing import Any

from esante.demo import CAST
from tests.conftest import Clinic

SAYS = {
    "chiefComplaint": "Cough for a week",
    "symptoms": ["cough", "fever"],
    "vitals": {"temperature": 38.4, "systolic": 128, "diastolic": 82, "weightKg": 81, "heightCm": 180},
    "examination": "Crackles on the left",
    "diagnosis": "Bronchitis",
    "notes": "Rest and fluids",
    "additionalNotes": "Worried about work",
}

LINE = {"name": "Amoxicillin", "dosage": "1 g", "form": "tablet", "frequency": "3 a day", "duration": "7 days"}
THREE = [LINE, LINE | {"name": "Paracetamol"}, LINE | {"name": "Cough syrup", "form": "syrup", "duration": "2 weeks"}]


def begin_visit(clinic: Clinic, patient: str = "driss", doctor: str = "amina", *, start: bool = True) -> dict[str, Any]:
    """The patient walks in and is checked in; with `start` the doctor has begun."""
    wish = {
        "patientId": clinic.ids[patient],
        "practitionerId": clinic.ids[doctor],
        "typeId": clinic.types["consultation"],
        "walkIn": True,
        "reason": "Cough",
    }
    made = clinic.chloe.post("/appointments", json=wish)
    assert made.status_code == 201, made.text
    visit = made.json()
    if visit["status"] == "confirmed":
        checked = clinic.chloe.post(f"/appointments/{visit['id']}/check-in")
        assert checked.status_code == 200, checked.text
        visit = checked.json()
    if start:
        started = getattr(clinic, doctor).post(f"/appointments/{visit['id']}/start")
        assert started.status_code == 200, started.text
        visit = started.json()
    return visit


def write(clinic: Clinic, visit: dict[str, Any], doctor: str = "amina", **more: Any) -> dict[str, Any]:
    """The consultation of the visit, as a draft."""
    made = getattr(clinic, doctor).post("/consultations", json={"appointmentId": visit["id"]} | SAYS | more)
    assert made.status_code == 201, made.text
    return made.json()


def completed(clinic: Clinic, **more: Any) -> dict[str, Any]:
    """A completed consultation of Driss with Amina."""
    draft = write(clinic, begin_visit(clinic), **more)
    done = clinic.amina.post(f"/consultations/{draft['id']}/complete")
    assert done.status_code == 200, done.text
    return done.json()


def prescribed(clinic: Clinic, **more: Any) -> dict[str, Any]:
    """A prescription of three medications in a consultation of Driss with Amina."""
    consultation = write(clinic, begin_visit(clinic))
    made = clinic.amina.post("/prescriptions", json={"consultationId": consultation["id"], "lines": THREE} | more)
    assert made.status_code == 201, made.text
    return made.json()


def later(clinic: Clinic, **by: float) -> None:
    """Time passes; everybody signs in anew when they come back."""
    clinic.clock.advance(**by)
    for member in CAST:
        getattr(clinic, member.name).headers = {}


def match(resource: dict[str, Any]) -> dict[str, str]:
    """The If-Match of this version."""
    return {"if-match": f'"{resource["version"]}"'}


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]
