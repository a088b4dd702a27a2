# ruff: noqa: S608 - the pieces are constants of this file and of the policy; every value is bound
"""Who may see and change which patients. The fragments narrow lists in SQL; `bindings` has what they bind.

SPEC 26: a patient sees himself, the dependants under 18, and those of age who consented; an approved doctor the patients
whom he treats (or all, by setting); an assistant with the scope patient.read everybody when the clinic hired her for its own
site, else whom the doctors see for whom she works, and whom she registered (WA-10); an admin and the house all; nobody else
anybody.
"""

from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from esante.kernel import clock
from esante.kernel.actor import EVERYBODY
from esante.kernel.errors import Forbidden, Unauthenticated
from esante.kernel.transaction import ReadTx

OF_AGE = 18

ALL = "1 = 1"
NONE = "1 = 0"
OWN = (
    "(p.id = :person_id OR (p.guardian_id = :person_id AND p.archived_at IS NULL"
    " AND (p.birth_date IS NULL OR p.birth_date > :of_age_before OR EXISTS (SELECT 1 FROM patient_consent c"
    " WHERE c.patient_id = p.id AND c.guardian_id = :person_id AND c.revoked_at IS NULL))))"
)
IS_APPROVED = (
    "EXISTS (SELECT 1 FROM practitioner d WHERE d.id = :person_id AND d.status = 'approved' AND d.archived_at IS NULL)"
)
TREATED = (
    "(" + IS_APPROVED + " AND EXISTS (SELECT 1 FROM care_relation c WHERE c.practitioner_id = :person_id"
    " AND c.patient_id = p.id AND (c.until_at IS NULL OR c.until_at > :now)))"
)
# Through the eyes of the doctors for whom she works.
ASSISTED = (
    "(p.registered_by IS :account_id OR EXISTS (SELECT 1 FROM care_relation c JOIN practitioner d ON d.id = c.practitioner_id"
    " WHERE c.patient_id = p.id AND c.practitioner_id IN (SELECT value FROM json_each(:doctors))"
    " AND d.status = 'approved' AND d.archived_at IS NULL AND (c.until_at IS NULL OR c.until_at > :now)))"
)

Right = Literal["patient.read", "patient.write"]


def seen(tx: ReadTx, right: Right = "patient.read") -> str:
    """The fragment over `patient p` that holds for the patients whom this actor may see (and change, with `patient.write`)."""
    actor = tx.actor
    if actor.is_house or actor.role == "admin":
        return ALL
    if actor.role == "patient":
        return OWN
    if actor.role == "doctor":
        return IS_APPROVED if tx.settings.all_patients_visible_to_doctors else TREATED
    if actor.role == "assistant" and (doctors := served(tx, right)):
        return ALL if EVERYBODY in doctors or tx.settings.all_patients_visible_to_doctors else ASSISTED
    return NONE


def bindings(tx: ReadTx, right: Right = "patient.read") -> dict[str, Any]:
    """What the fragment of `seen` binds."""
    actor = tx.actor
    found: dict[str, Any] = {"person_id": actor.person_id, "now": tx.now}
    if actor.role == "patient":
        found["of_age_before"] = of_age_before(tx.now, tx.settings.time_zone)
    elif actor.role == "assistant":
        found |= {"account_id": actor.id, "doctors": sorted(served(tx, right))}
    return found


def served(tx: ReadTx, right: Right) -> frozenset[str]:
    """The doctors whose patients this assistant may see; to change them she must see them too."""
    reads = tx.actor.serves("patient.read")
    if right == "patient.read":
        return reads
    writes = tx.actor.serves("patient.write")
    if EVERYBODY in reads:
        return writes
    return reads if EVERYBODY in writes else reads & writes


def of_age_before(now: datetime, zone: str) -> date:
    """Who was born on this day or earlier is of age today."""
    today = clock.local_date(now, ZoneInfo(zone))
    try:
        return today.replace(year=today.year - OF_AGE)
    except ValueError:  # 29 February
        return today.replace(year=today.year - OF_AGE, day=28)


def sees_clinical_basics(tx: ReadTx) -> bool:
    """Blood type, allergies, diseases and medication: not for an admin, who has demographics alone (SPEC 26), nor for an
    assistant without records.read."""
    role = tx.actor.role
    return role != "admin" and (role != "assistant" or tx.actor.has_scope("records.read"))


def may_create_patients(tx: ReadTx, *, is_approved_doctor: bool) -> None:
    """An approved doctor, an assistant with patient.write, an admin, the house."""
    actor = tx.actor
    if actor.is_house or actor.role == "admin":
        return
    if actor.role == "doctor":
        if not is_approved_doctor:
            raise Forbidden("Your licence is not verified yet", code="NOT_VERIFIED")
        return
    if actor.role != "assistant" or not actor.has_scope("patient.write"):
        raise Forbidden("You may not register patients")


def may_list_patients(tx: ReadTx) -> None:
    """Doctors, assistants with patient.read, admins. What they see the fragment says."""
    actor = tx.actor
    if actor.role == "assistant" and not actor.has_scope("patient.read"):
        raise Forbidden("You may not see patients", code="SCOPE_MISSING")
    if not actor.is_house and actor.role not in ("doctor", "assistant", "admin"):
        raise Forbidden("You may not see patients")


def may_edit_patients(tx: ReadTx) -> None:
    """Of those they see: the patient (and guardian), doctors, assistants with patient.write, admins."""
    actor = tx.actor
    if actor.role == "assistant" and not actor.has_scope("patient.write"):
        raise Forbidden("You may not change patients", code="SCOPE_MISSING")
    if not actor.is_house and actor.role not in ("patient", "doctor", "assistant", "admin"):
        raise Forbidden("You may not change patients")


def may_archive_patients(tx: ReadTx) -> None:
    """An admin, or an assistant with patient.write."""
    actor = tx.actor
    if actor.is_house or actor.role == "admin":
        return
    if actor.role != "assistant" or not actor.has_scope("patient.write"):
        raise Forbidden("You may not archive patients")


def is_patient(tx: ReadTx) -> str:
    """The patient whom the actor stands for; anybody but a patient is refused."""
    if tx.actor.role == "anonymous":
        raise Unauthenticated("Please sign in")
    if tx.actor.role != "patient" or not tx.actor.person_id:
        raise Forbidden("Only a patient may do this")
    return tx.actor.person_id
