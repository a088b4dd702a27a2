"""Practitioners: submitted, decided on, found, changed (SPEC R29, PE-09 to PE-11)."""

from typing import Any, Literal

import msgspec
from msgspec import UNSET

from esante.identity import service as identity
from esante.kernel.errors import Conflict, Forbidden, NotFound, check_version
from esante.kernel.structs import Page, decode_cursor, encode_cursor, new_id
from esante.kernel.transaction import ReadTx, WriteTx
from esante.people.completion import Completion, completion
from esante.people.events import (
    PractitionerApproved,
    PractitionerImported,
    PractitionerRejected,
    PractitionerSubmitted,
    PractitionerSuspended,
    PractitionerUpdated,
)
from esante.people.folding import contains, fold
from esante.people.practitioners import policy, store
from esante.people.structs import (
    Decision,
    DecisionReason,
    ImportedPractitioner,
    PendingPractitioner,
    Practitioner,
    PractitionerBrief,
    PractitionerFilter,
    PractitionerId,
    PractitionerPatch,
    PractitionerProfile,
    PractitionerStatus,
    PublicPractitioner,
    Source,
    SpecialtyCount,
)

# --------------------------------------------------------------------------- for other rooms


def practitioner_brief(tx: ReadTx, practitioner_id: str) -> PractitionerBrief:
    """For other rooms. No policy; `NotFound` when there is none."""
    found = store.brief(tx, practitioner_id)
    if found is None:
        raise NotFound("There is no such doctor")
    return found


def bookable_practitioner(tx: ReadTx, practitioner_id: str) -> PractitionerBrief:
    """For other rooms. `NotFound` unless approved and active."""
    found = store.brief(tx, practitioner_id)
    if found is None or found.status != "approved" or not found.active:
        raise NotFound("There is no such doctor")
    return found


def require_prescriber(tx: ReadTx) -> PractitionerBrief:
    """For other rooms. The actor is a doctor, approved and active; else `Forbidden`."""
    found = store.brief(tx, policy.is_doctor(tx))
    if found is None or found.status != "approved" or not found.active:
        raise Forbidden("Your licence is not verified", code="NOT_VERIFIED")
    return found


def is_approved_doctor(tx: ReadTx) -> bool:
    """For other rooms. Is the actor a doctor who is approved and active?"""
    if tx.actor.role != "doctor" or not tx.actor.person_id:
        return False
    found = store.brief(tx, tx.actor.person_id)
    return found is not None and found.status == "approved" and found.active


def add_practitioner(
    tx: WriteTx,
    profile: PractitionerProfile,
    *,
    email: str | None,
    source: Source = "self",
    status: Literal["pending", "approved"] = "pending",
) -> PractitionerId:
    """For other rooms. A new practitioner, waiting for the admin unless the console has seen the licence (`approved`).

    A licence that another holds is a `Conflict`.
    """
    practitioner_id = PractitionerId(new_id())
    row = _row(tx, practitioner_id, msgspec.structs.asdict(profile), source)
    _check_licence(tx, row)
    store.insert_practitioner(tx, {**row, "email": email, "status": status})
    if status == "approved":
        store.insert_decision(tx, practitioner_id, "approved", None)
        tx.record(PractitionerApproved(subject=practitioner_id))
    else:
        store.insert_decision(tx, practitioner_id, "submitted", None)
        tx.record(PractitionerSubmitted(subject=practitioner_id))
    return practitioner_id


def import_practitioner(tx: WriteTx, given: ImportedPractitioner) -> PractitionerId:
    """For the house: as another system had it; unverified, without account, exempt from the desk's rules."""
    practitioner_id = PractitionerId(new_id())
    values: dict[str, Any] = {
        **dict.fromkeys(PractitionerProfile.__struct_fields__),
        "education": [],
        "languages": [],
        "insurances": [],
    }
    row = _row(tx, practitioner_id, {**values, **msgspec.structs.asdict(given)}, "import")
    store.insert_practitioner(tx, {**row, "status": "pending"})
    tx.record(PractitionerImported(subject=practitioner_id))
    return practitioner_id


def holder_of_licence(tx: ReadTx, number: str, authority: str) -> PractitionerId | None:
    """For other rooms. The practitioner of this clinic who holds this licence; imported ones do not count."""
    return store.licence_holder(tx, number.strip(), authority.strip(), "")


# ---------------------------------------------------------------------------------- the public


def find_practitioners(tx: ReadTx, asked: PractitionerFilter) -> Page[PublicPractitioner]:
    """Approved and active doctors, 20 a page; accents and case do not matter. By name, or the nearest first. Open."""
    policy.may_see_public_doctors(tx)
    keys: dict[str, Any] = {
        "name": contains(asked.name) if asked.name else None,
        "specialty": contains(asked.specialty) if asked.specialty else None,
        "city": contains(asked.city) if asked.city else None,
    }
    if asked.near:
        return _nearest(tx, asked, asked.near, keys)
    key = decode_cursor(asked.cursor, 1)
    found = store.search(tx, asked, {**keys, "after_id": key[0] if key else None})
    shown = found[: asked.limit]
    return Page(items=shown, next_cursor=encode_cursor(shown[-1].id) if len(found) > asked.limit else None)


def _nearest(
    tx: ReadTx, asked: PractitionerFilter, place: tuple[float, float], keys: dict[str, Any]
) -> Page[PublicPractitioner]:
    after_km, after_id = decode_cursor(asked.cursor, 2) or (None, None)
    latitude, longitude = place
    args = {
        **keys,
        "lat": latitude,
        "long": longitude,
        "radius": asked.radius_km,
        "after_km": after_km,
        "after_id": after_id,
    }
    found = store.nearest(tx, asked, args)
    shown = found[: asked.limit]
    more = len(found) > asked.limit
    return Page(items=shown, next_cursor=encode_cursor(shown[-1].distance_km, shown[-1].id) if more else None)


def public_practitioner(tx: ReadTx, practitioner_id: str) -> PublicPractitioner:
    """What anybody may know of one doctor; `NotFound` unless approved and active. Open."""
    policy.may_see_public_doctors(tx)
    found = store.public(tx, practitioner_id)
    if found is None:
        raise NotFound("There is no such doctor")
    return found


def specialties(tx: ReadTx) -> list[SpecialtyCount]:
    """The specialties that can be booked, and how many doctors each has. Open."""
    policy.may_see_public_doctors(tx)
    return store.specialties(tx)


# --------------------------------------------------------------------------------- the own one


def own_profile(tx: ReadTx) -> Practitioner:
    """The signed-in doctor's record."""
    return _practitioner(tx, policy.is_doctor(tx))


def own_completion(tx: ReadTx) -> Completion:
    """How much of the signed-in doctor's own profile is filled."""
    return completion(_practitioner(tx, policy.is_doctor(tx)))


def replace_own_profile(tx: WriteTx, asked: PractitionerProfile, version: int) -> Practitioner:
    """All of the own profile at once (PUT). A changed licence goes back to the admin; an older version is `Stale`."""
    before = _practitioner(tx, policy.is_doctor(tx))
    return _change(tx, before, msgspec.structs.asdict(asked), version)


def change_own_profile(tx: WriteTx, asked: PractitionerPatch, version: int) -> Practitioner:
    """Some fields of the own profile. A changed licence goes back to the admin; an older version is `Stale`."""
    before = _practitioner(tx, policy.is_doctor(tx))
    sent = {name: value for name, value in msgspec.structs.asdict(asked).items() if value is not UNSET}
    return _change(tx, before, sent, version)


def _change(tx: WriteTx, before: Practitioner, sent: dict[str, Any], version: int) -> Practitioner:
    check_version(before.version, version)
    now = msgspec.structs.asdict(before)
    fields = sorted(name for name, value in sent.items() if now[name] != value)
    if not fields:
        return before
    row = _row(tx, before.id, {**now, **sent}, before.source)
    _check_licence(tx, row)
    resubmitted = bool({"licence_number", "licence_authority"} & set(fields)) or before.status == "rejected"
    status = "pending" if resubmitted and before.status != "suspended" else before.status
    store.update_practitioner(tx, {**row, "status": status, "version": version})
    tx.record(PractitionerUpdated(subject=before.id, version=version + 1, fields=fields))
    if status == "pending" and resubmitted:
        store.insert_decision(tx, before.id, "submitted", None)
        tx.record(PractitionerSubmitted(subject=before.id))
    return _practitioner(tx, before.id)


# --------------------------------------------------------------------------------- the decision


def list_pending(tx: ReadTx, cursor: str | None, limit: int) -> Page[PendingPractitioner]:
    """Who waits for an admin, oldest first, with what was decided before."""
    policy.may_decide_on_practitioners(tx)
    key = decode_cursor(cursor, 1)
    found = store.pending(tx, key[0] if key else None, limit)
    shown = [PendingPractitioner(practitioner=one, decisions=store.decisions(tx, one.id)) for one in found[:limit]]
    return Page(items=shown, next_cursor=encode_cursor(found[limit - 1].id) if len(found) > limit else None)


def list_decisions(tx: ReadTx, practitioner_id: str) -> Page[Decision]:
    """What was decided about a practitioner, by whom, when and why; the oldest first. Admins."""
    policy.may_decide_on_practitioners(tx)
    _practitioner(tx, practitioner_id)
    return Page(items=store.decisions(tx, practitioner_id))


def approve_practitioner(tx: WriteTx, practitioner_id: str) -> Practitioner:
    """From pending, rejected or suspended to approved, by an admin."""
    policy.may_decide_on_practitioners(tx)
    return _decide(tx, practitioner_id, ("pending", "rejected", "suspended"), "approved", None)


def reject_practitioner(tx: WriteTx, practitioner_id: str, why: DecisionReason) -> Practitioner:
    """From pending to rejected, by an admin with a reason. The doctor may mend the profile and so submit it again."""
    policy.may_decide_on_practitioners(tx)
    return _decide(tx, practitioner_id, ("pending",), "rejected", why.reason)


def suspend_practitioner(tx: WriteTx, practitioner_id: str, why: DecisionReason) -> Practitioner:
    """From approved to suspended, by an admin with a reason: no longer found, booked, or prescribing."""
    policy.may_decide_on_practitioners(tx)
    identity.require_fresh(tx)
    return _decide(tx, practitioner_id, ("approved",), "suspended", why.reason)


_EVENTS = {"approved": PractitionerApproved, "rejected": PractitionerRejected, "suspended": PractitionerSuspended}
_POSSIBLE = {
    "pending": ["approve", "reject"],
    "approved": ["suspend"],
    "rejected": ["approve"],
    "suspended": ["approve"],
}


def _decide(
    tx: WriteTx, practitioner_id: str, sources: tuple[str, ...], status: PractitionerStatus, reason: str | None
) -> Practitioner:
    before = _practitioner(tx, practitioner_id)
    if before.status not in sources:
        raise Conflict(
            "This doctor is {state}",
            code="WRONG_STATE",
            state=before.status,
            extra={"state": before.status, "possible": _POSSIBLE[before.status]},
        )
    store.set_status(tx, practitioner_id, status)
    store.insert_decision(tx, practitioner_id, status, reason)
    tx.record(_EVENTS[status](subject=practitioner_id), reason=reason)
    return _practitioner(tx, practitioner_id)


def _practitioner(tx: ReadTx, practitioner_id: str) -> Practitioner:
    found = store.practitioner(tx, practitioner_id)
    if found is None:
        raise NotFound("There is no such doctor")
    return found


def _row(tx: ReadTx, practitioner_id: str, values: dict[str, Any], source: Source) -> dict[str, Any]:
    """The columns, with their folded twins."""
    mobile = values["mobile_number"]
    e164 = None
    if mobile:
        e164 = identity.maybe_mobile(tx, mobile) if source == "import" else identity.mobile(tx, mobile)
    return {
        **values,
        "id": practitioner_id,
        "source": source,
        "mobile_e164": e164,
        "licence_number": (values["licence_number"] or "").strip() or None,
        "licence_authority": (values["licence_authority"] or "").strip() or None,
        "sort_name": fold(f"{values['last_name']} {values['first_name']}"),
        "specialty_key": fold(values["specialty"]),
        "city_key": fold(values["city"]) if values["city"] else None,
        "now": tx.now,
    }


def _check_licence(tx: ReadTx, row: dict[str, Any]) -> None:
    number, authority = row["licence_number"], row["licence_authority"]
    if number and store.licence_holder(tx, number, authority or "", row["id"]):
        raise Conflict("Another doctor of this clinic holds this licence", code="LICENCE_TAKEN", field="licenceNumber")
