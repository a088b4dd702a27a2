"""Patients: registered, found, read, changed, archived (SPEC R25, PE-01 to PE-06, PE-08, PE-15)."""

import hashlib
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET

from esante.identity import service as identity
from esante.kernel import clock
from esante.kernel.errors import Conflict, Forbidden, Invalid, NotFound, check_version
from esante.kernel.structs import Page, decode_cursor, encode_cursor, new_id
from esante.kernel.transaction import LookTx, ReadTx, WriteTx
from esante.people.care import service as care
from esante.people.completion import Completion, completion
from esante.people.duplicates import service as duplicates
from esante.people.duplicates.structs import Entered
from esante.people.events import PatientAccessed, PatientArchived, PatientRegistered, PatientsListed, PatientUpdated
from esante.people.folding import digits, fold, parts, query, words
from esante.people.patients import policy, store
from esante.people.practitioners import service as practitioners
from esante.people.structs import (
    ImportedPatient,
    NewcomerAtDesk,
    NewPatient,
    Patient,
    PatientBrief,
    PatientFilter,
    PatientId,
    PatientItem,
    PatientPatch,
    PatientRow,
    Source,
)

NEWEST = 2**62
"""Above every row number: where a search begins."""
CLINICAL = ("blood_type", "allergies", "chronic_diseases", "current_medication", "medical_history")

# --------------------------------------------------------------------------- for other rooms


def visible_patient(tx: ReadTx, patient_id: str, right: policy.Right = "patient.read") -> PatientBrief:
    """For other rooms. `NotFound` unless this actor may see the patient's demographics (SPEC 26), or change them.

    An alias (of a record that was merged) gives the record that it stands for: go on with the `id` that you are given.
    """
    seen, args = policy.seen(tx, right), policy.bindings(tx, right)
    found = store.visible_brief(tx, patient_id, seen, args)
    if found is None or found.merged_into:
        survivor = store.merged_into(tx, patient_id)
        found = store.visible_brief(tx, survivor, seen, args) if survivor else None
    return found or _nobody()


def own_patient(tx: ReadTx, patient_id: str) -> PatientBrief:
    """For other rooms. `NotFound` unless the actor is this patient, or may act for it (role patient)."""
    if tx.actor.role != "patient":
        _nobody()
    found = store.visible_brief(tx, patient_id, policy.OWN, policy.bindings(tx)) or _nobody()
    return _not_merged(tx, found)


def patient_brief(tx: ReadTx, patient_id: str) -> PatientBrief:
    """For other rooms. No policy; `NotFound` when there is none.

    An alias gives the house the record that it stands for; a person is told to ask for that one (`PATIENT_MERGED`), since
    what another room knows is no longer under the old id, and nothing found there would be taken for nothing known.
    """
    found = store.brief(tx, patient_id) or _nobody()
    return _not_merged(tx, found)


def acts_for(tx: ReadTx) -> list[PatientId]:
    """For other rooms. The patients whom this patient may act for: himself first, then the dependants under 18, and those
    of age who consented to it."""
    return store.acts_for(tx, policy.OWN, policy.bindings(tx)) if tx.actor.role == "patient" else []


def add_patient(tx: WriteTx, given: NewPatient, *, source: Source) -> PatientId:
    """For other rooms. Make the record and its search words, with the desk's rules but without a policy."""
    row = _row(tx, PatientId(new_id()), msgspec.structs.asdict(given))
    _check(tx, row)
    return _add(tx, row, source)


def seems_known(tx: ReadTx, given: NewPatient) -> bool:
    """For other rooms. Is it almost certainly somebody who has a record already?"""
    return bool(duplicates.suspected(tx, _entered(given)))


def import_patient(tx: WriteTx, given: ImportedPatient) -> PatientId:
    """For the house: as another system had it, exempt from the desk's rules (unique mobile, ranges)."""
    patient_id = PatientId(new_id())
    values: dict[str, Any] = {
        **dict.fromkeys(NewPatient.__struct_fields__),
        **{name: [] for name in ("allergies", "chronic_diseases", "current_medication", "insurances")},
        **msgspec.structs.asdict(given),
    }
    return _add(tx, _row(tx, patient_id, values, lenient=True), "import")


def patient_with_mobile(tx: ReadTx, mobile: str) -> PatientId | None:
    """For other rooms. The active patient who holds this number (E.164); imported ones do not count."""
    return store.with_mobile(tx, mobile, "")


def whole_patient(tx: ReadTx, patient_id: str) -> Patient:
    """For other rooms. The record as kept, whoever asks; an alias itself, not what it stands for."""
    return _patient(tx, patient_id)


def rewrite(tx: WriteTx, before: Patient, values: dict[str, Any]) -> Patient:
    """For other rooms. The record says this from now on, by a rule of the clinic and no person's edit; the old version is kept."""
    store.keep_version(tx, before)
    row = _row(tx, before.id, values, lenient=True)
    number = store.update_patient(tx, row)
    duplicates.keep_keys(tx, number, row["first_name"], row["last_name"])
    return _patient(tx, before.id)


def forget_words(tx: WriteTx, number: int) -> None:
    """For other rooms. The patient in this row is found by nothing any more."""
    store.forget_words(tx, number)


def refuse_taken_mobile(tx: ReadTx, patient: Patient) -> None:
    """For other rooms. `MOBILE_TAKEN` when another active patient has this one's number."""
    if patient.mobile_e164 and patient.source != "import":
        _check_mobile(tx, patient.mobile_e164, patient.id)


# -------------------------------------------------------------------------------- use cases


def register_patient(tx: WriteTx, asked: NewPatient) -> Patient:
    """The desk registers a patient: approved doctors, assistants with patient.write, admins.

    A mobile number that another active patient has is `MOBILE_TAKEN`, with that patient's id; a dependant names the guardian
    instead. Somebody who is almost certainly known is `DUPLICATE_SUSPECTED`, with who it may be, unless `confirmedNew` says
    that it is somebody new. A doctor treats whom he registers, for the setting `careRelationDays`.
    """
    policy.may_create_patients(tx, is_approved_doctor=practitioners.is_approved_doctor(tx))
    _check_clinical(tx, {name for name in CLINICAL if getattr(asked, name)})
    row = _row(tx, PatientId(new_id()), msgspec.structs.asdict(asked))
    _check(tx, row)
    if not (isinstance(asked, NewcomerAtDesk) and asked.confirmed_new):
        _refuse_suspected(tx, asked)
    patient_id = _add(tx, row, "desk")
    if tx.actor.role == "doctor" and tx.actor.person_id:
        care.open_care(tx, patient_id, tx.actor.person_id, source="registration", source_id=patient_id)
        care.keep_care(tx, patient_id, tx.actor.person_id, source_id=patient_id)
    return _shown(tx, _patient(tx, patient_id))


def read_patient(tx: LookTx, patient_id: str) -> Patient:
    """One patient's record, with an audit line; `NotFound` unless the actor may see it.

    The id of a record that was merged gives the record that it was merged into, with the id that was asked for as `askedAs`.
    """
    args = policy.bindings(tx)
    found = store.patient(tx, patient_id, policy.seen(tx), args)
    if found is None or found.merged_into:
        survivor = store.merged_into(tx, patient_id)
        found = store.patient(tx, survivor, policy.seen(tx), args) if survivor else None
        found = msgspec.structs.replace(found, asked_as=PatientId(patient_id)) if found else _nobody()
    tx.record(PatientAccessed(subject=found.id, patient_id=found.id))
    return _shown(tx, found)


def list_patients(tx: LookTx, asked: PatientFilter) -> Page[PatientItem]:
    """Active patients whom the actor may see: by name; with `q` those who match, beginnings of words before parts of them.

    `q` is any part of names, mobile digits or e-mail, or the birth date. What fits one page is by name, more is newest first.
    No clinical field; one audit line with the filter's digest and the count.
    """
    policy.may_list_patients(tx)
    terms = query(asked.q) if asked.q else None
    shown, last = _matching(tx, asked, terms) if terms else _by_name(tx, asked)
    digest = hashlib.sha256((terms or "").encode()).hexdigest()[:16]
    tx.record(PatientsListed(subject="patients", filter=digest, count=len(shown)))
    return Page(items=[msgspec.convert(row, PatientItem, from_attributes=True) for row in shown], next_cursor=last)


def change_patient(tx: WriteTx, patient_id: str, asked: PatientPatch, version: int) -> Patient:
    """Change the fields that were sent; the others stay. `Stale` when somebody changed it since `version`.

    By the patient (or the guardian), and by staff who see the patient; only staff may name a guardian.
    """
    policy.may_edit_patients(tx)
    sent = {name: value for name, value in msgspec.structs.asdict(asked).items() if value is not UNSET}
    return _change(tx, patient_id, sent, version)


def replace_patient(tx: WriteTx, patient_id: str, asked: NewPatient, version: int) -> Patient:
    """The whole record at once (PUT), with the rules of a change."""
    policy.may_edit_patients(tx)
    sent = msgspec.structs.asdict(asked)
    if not policy.sees_clinical_basics(tx):  # what one may not see, one does not wipe out
        sent = {name: value for name, value in sent.items() if value or name not in CLINICAL}
    if tx.actor.role == "patient":
        del sent["guardian_id"]
    return _change(tx, patient_id, sent, version)


def archive_patient(tx: WriteTx, patient_id: str) -> None:
    """Out of the lists; nothing is removed, and the mobile number is free again. By an admin or the desk."""
    policy.may_archive_patients(tx)
    found = visible_patient(tx, patient_id, "patient.write")
    if found.archived_at is not None:
        raise Conflict("This patient is archived", code="WRONG_STATE", extra={"state": "archived", "possible": []})
    store.keep_version(tx, _patient(tx, patient_id))
    store.archive(tx, patient_id)
    tx.record(PatientArchived(subject=patient_id, patient_id=patient_id))


def own_record(tx: LookTx) -> Patient:
    """The signed-in patient's own record, with an audit line."""
    return read_patient(tx, policy.is_patient(tx))


def own_completion(tx: ReadTx) -> Completion:
    """How much of the signed-in patient's own record is filled."""
    return completion(_patient(tx, policy.is_patient(tx)))


def change_own_record(tx: WriteTx, asked: PatientPatch, version: int) -> Patient:
    """The signed-in patient changes his own record."""
    return change_patient(tx, policy.is_patient(tx), asked, version)


def replace_own_record(tx: WriteTx, asked: NewPatient, version: int) -> Patient:
    """The signed-in patient changes all of his own record."""
    return replace_patient(tx, policy.is_patient(tx), asked, version)


# ------------------------------------------------------------------------------------ private


def _by_name(tx: ReadTx, asked: PatientFilter) -> tuple[list[PatientRow], str | None]:
    after_name, after_id = decode_cursor(asked.cursor, 2) or (None, None)
    args = {**policy.bindings(tx), "after_name": after_name, "after_id": after_id, "most": asked.limit + 1}
    found = store.page(tx, policy.seen(tx), args)
    shown = found[: asked.limit]
    return shown, encode_cursor(shown[-1].sort_name, shown[-1].id) if len(found) > asked.limit else None


def _matching(tx: ReadTx, asked: PatientFilter, terms: str) -> tuple[list[PatientRow], str | None]:
    """First who is found by beginnings; when these are no full page, who has the words somewhere inside."""
    stage, before = decode_cursor(asked.cursor, 2) or (0, None)
    if stage not in (0, 1) or not isinstance(before, int | None):
        raise Invalid("This is not a cursor of this list", field="cursor")
    seen, inside = policy.seen(tx), parts(asked.q or "")
    args = {**policy.bindings(tx), "query": terms, "parts": inside, "before": before or NEWEST, "most": asked.limit + 1}
    of_few = seen == policy.TREATED and store.treats_few(tx, tx.actor.person_id or "")
    begun = store.by_words(tx, seen, args, of_few=of_few) if stage == 0 else []
    if len(begun) > asked.limit:
        shown = begun[: asked.limit]
        return shown, encode_cursor(0, shown[-1].number)
    if stage == 0:
        args["before"] = NEWEST
    left = {**args, "most": asked.limit + 1 - len(begun)}
    within = store.by_parts(tx, seen, left, of_few=of_few) if inside else []
    if len(begun) + len(within) > asked.limit:
        shown = (begun + within)[: asked.limit]
        return shown, encode_cursor(1, shown[-1].number if len(begun) < asked.limit else None)
    if asked.cursor is None:
        begun.sort(key=lambda row: row.sort_name)
        within.sort(key=lambda row: row.sort_name)
    return begun + within, None


def _add(tx: WriteTx, row: dict[str, Any], source: Source) -> PatientId:
    patient_id: PatientId = row["id"]
    number = store.insert_patient(tx, {**row, "source": source})
    duplicates.keep_keys(tx, number, row["first_name"], row["last_name"], is_new=True)
    tx.record(PatientRegistered(subject=patient_id, patient_id=patient_id, source=source))
    return patient_id


def _entered(asked: NewPatient) -> Entered:
    return Entered(
        first_name=asked.first_name,
        last_name=asked.last_name,
        birth_date=asked.birth_date,
        mobile_number=asked.mobile_number,
        email=asked.email,
    )


def _refuse_suspected(tx: ReadTx, asked: NewPatient) -> None:
    if found := duplicates.suspected(tx, _entered(asked)):
        raise Conflict(
            "This patient seems to be known already. Say confirmedNew if it is somebody else",
            code="DUPLICATE_SUSPECTED",
            extra={"candidates": msgspec.to_builtins(found)},
        )


def _not_merged(tx: ReadTx, found: PatientBrief) -> PatientBrief:
    if found.merged_into is None:
        return found
    survivor = store.merged_into(tx, found.id) or _nobody()
    if tx.actor.is_house:
        return store.brief(tx, survivor) or _nobody()
    raise Conflict(
        "This record was merged into another one: ask for that one",
        code="PATIENT_MERGED",
        extra={"patientId": survivor},
    )


def _change(tx: WriteTx, patient_id: str, sent: dict[str, Any], version: int) -> Patient:
    right: policy.Right = "patient.write"
    before = store.patient(tx, patient_id, policy.seen(tx, right), policy.bindings(tx, right)) or _nobody()
    if before.merged_into:
        _not_merged(tx, patient_brief(tx, patient_id))
    check_version(before.version, version)
    if before.archived_at is not None:
        raise Conflict("This patient is archived", code="WRONG_STATE", extra={"state": "archived", "possible": []})
    now = msgspec.structs.asdict(before)
    fields = sorted(name for name, value in sent.items() if now[name] != value)
    if not fields:
        return _shown(tx, before)
    _check_clinical(tx, set(fields) & set(CLINICAL))
    if tx.actor.role == "patient" and "guardian_id" in fields:
        raise Forbidden("Only the clinic's staff may name a guardian")
    row = _row(tx, before.id, {**now, **sent}, lenient=before.source == "import" and "mobile_number" not in fields)
    _check(tx, row, unchanged=before)
    store.keep_version(tx, before)
    number = store.update_patient(tx, row)
    duplicates.keep_keys(tx, number, row["first_name"], row["last_name"])
    tx.record(PatientUpdated(subject=before.id, patient_id=before.id, version=version + 1, fields=fields))
    return _shown(tx, _patient(tx, before.id))


def _check(tx: ReadTx, row: dict[str, Any], unchanged: Patient | None = None) -> None:
    """The desk's rules: born in the past, one number for one patient, a guardian who is not himself a dependant."""
    born, mobile, guardian_id = row["birth_date"], row["mobile_e164"], row["guardian_id"]
    if born and born > clock.local_date(tx.now, ZoneInfo(tx.settings.time_zone)):
        raise Invalid("The birth date is in the future", field="birthDate")
    if mobile and not (unchanged and mobile == unchanged.mobile_e164):
        _check_mobile(tx, mobile, row["id"])
    if guardian_id and not (unchanged and guardian_id == unchanged.guardian_id):
        guardian = store.patient(tx, guardian_id, policy.seen(tx), policy.bindings(tx))
        if guardian is None or guardian.archived_at or guardian.guardian_id or guardian.id == row["id"]:
            raise Invalid("The guardian must be another active patient, with no guardian", field="guardianId")


def _check_mobile(tx: ReadTx, mobile: str, patient_id: str) -> None:
    holder = store.with_mobile(tx, mobile, patient_id)
    if holder:
        to_staff = tx.actor.role in ("doctor", "assistant", "admin") or tx.actor.is_house
        raise Conflict(
            "Another patient has this mobile number. A child or dependant names the guardian instead",
            code="MOBILE_TAKEN",
            field="mobileNumber",
            extra={"patientId": holder} if to_staff else {},
        )


def _check_clinical(tx: ReadTx, named: set[str]) -> None:
    if named and not policy.sees_clinical_basics(tx):
        code = "SCOPE_MISSING" if tx.actor.role == "assistant" else None
        raise Forbidden("You may not change what a patient suffers from or takes", code=code)


def _row(tx: ReadTx, patient_id: str, values: dict[str, Any], *, lenient: bool = False) -> dict[str, Any]:
    """The columns, with the folded name and the words by which the patient is found."""
    written = values["mobile_number"]
    mobile = None
    if written:
        mobile = identity.maybe_mobile(tx, written) if lenient else identity.mobile(tx, written)
    born = values["birth_date"]
    found_by = [
        fold(f"{values['first_name']} {values['last_name']}"),
        *words(values["email"] or ""),
        digits(written or ""),
        *(identity.mobile_spellings(mobile) if mobile else []),
        born.strftime("%Y%m%d") if born else "",
    ]
    return {
        **values,
        "id": patient_id,
        "first_name": values["first_name"].strip(),
        "last_name": values["last_name"].strip(),
        "sort_name": fold(f"{values['last_name']} {values['first_name']}"),
        "mobile_e164": mobile,
        "words": " ".join(found_by),
        "parts": " ".join([*found_by, (values["email"] or "").lower()]),
        "registered_by": tx.actor.id if tx.actor.role == "assistant" else None,
        "now": tx.now,
    }


def _shown(tx: ReadTx, found: Patient) -> Patient:
    """As this actor may see it."""
    if policy.sees_clinical_basics(tx):
        return found
    return msgspec.structs.replace(
        found, blood_type=None, allergies=[], chronic_diseases=[], current_medication=[], medical_history=None
    )


def _patient(tx: ReadTx, patient_id: str) -> Patient:
    return store.patient(tx, patient_id, policy.ALL, {}) or _nobody()


def _nobody() -> Any:
    raise NotFound("There is no such patient")
