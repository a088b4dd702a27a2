"""Who may be known already (SPEC PE-03): a warning while somebody is entered, and the pairs that an admin may merge."""

import hashlib

import msgspec

from esante.identity import service as identity
from esante.kernel.transaction import LookTx, ReadTx, WriteTx
from esante.people import names
from esante.people.duplicates import policy, store
from esante.people.duplicates.score import REFUSED_FROM, SHOWN_FROM, score
from esante.people.duplicates.structs import Candidate, Candidates, Entered, Known, Pair
from esante.people.events import DuplicatesLookedFor
from esante.people.patients import policy as patients
from esante.people.practitioners import service as practitioners
from esante.people.structs import PatientId

_NOBODY = PatientId("")
MOST_SHOWN = 10
SHELF = 1_000
"""How many records without name keys are given them in one turn."""


def find_duplicates(tx: LookTx, entered: Entered) -> Candidates:
    """Who may be that person already, the likeliest first; for whoever may register patients.

    Names are compared without accents and case, in either order, across Arabic and Latin letters, and with a slip or two;
    birth date, phone and e-mail speak for it. One audit line, without the names. A doctor who does not treat a candidate
    learns that there is one, not who.
    """
    policy.may_look_for_duplicates(tx, is_approved_doctor=practitioners.is_approved_doctor(tx))
    found = candidates(tx, entered)
    digest = hashlib.sha256(msgspec.json.encode(entered)).hexdigest()[:16]
    tx.record(DuplicatesLookedFor(subject="patients", filter=digest, count=len(found)))
    return Candidates(items=found)


def suspected(tx: ReadTx, entered: Entered) -> list[Candidate]:
    """For other rooms. Those who are so likely the same that the desk must say that it is somebody new."""
    return [one for one in candidates(tx, entered) if one.score >= REFUSED_FROM]


def candidates(tx: ReadTx, entered: Entered, but: str = "") -> list[Candidate]:
    """For other rooms. Everybody of whom one should be warned, the likeliest first."""
    mobile = identity.maybe_mobile(tx, entered.mobile_number) if entered.mobile_number else None
    email = (entered.email or "").strip().lower() or None
    asked = Known(
        number=0,
        id=_NOBODY,
        first_name=entered.first_name,
        last_name=entered.last_name,
        birth_date=entered.birth_date,
        mobile_e164=mobile,
        email=email,
    )
    judged = [(score(asked, one), one) for one in _similar(tx, asked, but)]
    judged = [pair for pair in judged if pair[0][0] >= SHOWN_FROM]
    judged.sort(key=lambda pair: (-pair[0][0], -pair[1].number))
    return [
        Candidate(
            id=one.id,
            score=points,
            reasons=reasons,
            first_name=one.first_name if one.visible else None,
            last_name=one.last_name if one.visible else None,
            birth_date=one.birth_date if one.visible else None,
            mobile_e164=one.mobile_e164 if one.visible else None,
        )
        for (points, reasons), one in judged[:MOST_SHOWN]
    ]


def list_pairs(tx: ReadTx, after: int, most: int) -> tuple[list[Pair], int | None]:
    """The next records, each with those before it that may be the same; where to go on, None at the end. Admins and the house."""
    policy.may_list_duplicates(tx)
    some = store.after(tx, after, most)
    pairs = []
    for one in some:
        for other in _similar(tx, one, one.id):
            if other.number < one.number:
                points, reasons = score(one, other)
                if points >= SHOWN_FROM:
                    pairs.append(Pair(score=points, reasons=reasons, one=other, other=one))
    return pairs, some[-1].number if len(some) == most else None


def keep_keys(tx: WriteTx, number: int, first_name: str, last_name: str, *, is_new: bool = False) -> None:
    """For other rooms. Under which keys this patient's name is found from now on."""
    if not is_new:
        store.delete_keys(tx, number)
    store.insert_keys(tx, number, names.keys(first_name, last_name))


def forget_keys(tx: WriteTx, number: int) -> None:
    """For other rooms. Nobody is compared with this patient's name any more."""
    store.delete_keys(tx, number)


def give_keys(tx: WriteTx, nothing: None = None) -> None:
    """For the house: records that were made before there were name keys get theirs, some at a time."""
    for one in store.without_keys(tx, SHELF):
        keep_keys(tx, one.number, one.first_name, one.last_name)
        store.mark_keyed(tx, one.number)


def _similar(tx: ReadTx, asked: Known, but: str) -> list[Known]:
    """Whoever shares the number, the address, the birth date, or nearly the name."""
    seen = patients.seen(tx)
    args = {
        **patients.bindings(tx),
        "but": but,
        "most": store.MOST,
        "mobile": asked.mobile_e164,
        "email": asked.email and asked.email.lower(),
        "birth_date": asked.birth_date,
        "keys": names.keys(asked.first_name, asked.last_name),
    }
    found: dict[int, Known] = {}
    if asked.mobile_e164:
        found |= {one.number: one for one in store.with_mobile(tx, seen, args)}
    if asked.email:
        found |= {one.number: one for one in store.with_email(tx, seen, args)}
    if asked.birth_date:
        found |= {one.number: one for one in store.born_on(tx, seen, args)}
    found |= {one.number: one for one in store.like_named(tx, seen, args)}
    return list(found.values())
