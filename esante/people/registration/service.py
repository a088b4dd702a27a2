"""Self-registration (SPEC ID-01, ID-02, R25): the answer never tells whether somebody is known here."""

from datetime import date
from zoneinfo import ZoneInfo

from esante.identity import service as identity
from esante.identity.structs import NewAccount
from esante.kernel import clock
from esante.kernel.errors import Conflict, Invalid
from esante.kernel.structs import AccountId
from esante.kernel.transaction import ReadTx, WriteTx
from esante.people.events import RegistrationHeld
from esante.people.patients import service as patients
from esante.people.practitioners import service as practitioners
from esante.people.registration import policy
from esante.people.registration.structs import Registration
from esante.people.structs import NewPatient, PatientId, PractitionerProfile

ONLY_PATIENTS = ("birth_date", "gender")
ONLY_DOCTORS = (
    "title",
    "specialty",
    "subspecialty",
    "licence_number",
    "licence_authority",
    "city",
    "languages",
    "fee_minor",
)
NEEDED = {
    "patient": {"birth_date": "birthDate", "gender": "gender"},
    "doctor": {
        "specialty": "specialty",
        "licence_number": "licenceNumber",
        "licence_authority": "licenceAuthority",
    },
}


def check_registration(tx: ReadTx, asked: Registration) -> None:
    """Refuse what is incomplete or belongs to the other role, before the password is hashed; known or not does not matter."""
    policy.may_register(tx, asked.role)
    identity.check_password(asked.password, asked.email, tx.settings)
    for name, field in NEEDED[asked.role].items():
        if getattr(asked, name) is None:
            raise Invalid("This field is needed", field=field)
    for name in ONLY_DOCTORS if asked.role == "patient" else ONLY_PATIENTS:
        if getattr(asked, name):
            raise Invalid("This field is not for this role", field=asked.__struct_encode_fields__[_index(name)])
    if asked.birth_date and asked.birth_date > clock.local_date(tx.now, ZoneInfo(tx.settings.time_zone)):
        raise Invalid("The birth date is in the future", field="birthDate")
    if asked.mobile_number:
        identity.mobile(tx, asked.mobile_number)


def register(tx: WriteTx, asked: Registration, password_hash: str) -> None:
    """Make account, person and confirmation in one; nothing when the address, the number or the licence is known.

    Then the owner of the known account is told, and who registers cannot tell the difference. The account waits for its
    confirmation, a doctor also for the admin.
    """
    policy.may_register(tx, asked.role)
    mobile = identity.mobile(tx, asked.mobile_number) if asked.mobile_number else None
    known = identity.account_of_address(tx, asked.email) or (identity.account_of_mobile(tx, mobile) if mobile else None)
    if known:
        identity.tell_address_is_known(tx, known)
        return
    holder = _holder(tx, asked, mobile)
    if holder:
        accounts = identity.accounts_of_person(tx, holder)
        for found in accounts:
            identity.tell_address_is_known(tx, AccountId(found.account_id))
        if not accounts:
            tx.record(RegistrationHeld(subject=holder))
        return
    person_id = _add_person(tx, asked)
    new = NewAccount(
        email=asked.email,
        mobile=mobile,
        password_hash=password_hash,
        role=asked.role,
        person_id=person_id,
        language=asked.language or tx.settings.language,
    )
    identity.create_account(tx, new)


def check_self_registration(tx: ReadTx, birth_date: date) -> None:
    """For other rooms. Do patients register themselves here, and was this one born?"""
    policy.may_register(tx, "patient")
    if birth_date > clock.local_date(tx.now, ZoneInfo(tx.settings.time_zone)):
        raise Invalid("The birth date is in the future", field="birthDate")


def register_at_kiosk(tx: WriteTx, new: NewPatient) -> PatientId:
    """For other rooms. A record without an account, for somebody whose identity the desk has seen.

    Refused: a clinic that registers nobody but at the desk, a number that somebody has, and who seems to be known already:
    that the desk sorts out.
    """
    policy.may_register(tx, "patient")
    if patients.seems_known(tx, new):
        raise Conflict("You seem to be known here already. Please speak to the desk", code="DUPLICATE_SUSPECTED")
    return patients.add_patient(tx, new, source="self")


def _holder(tx: ReadTx, asked: Registration, mobile: str | None) -> str | None:
    """The person of this clinic who has this number or this licence already."""
    if asked.role == "patient":
        return patients.patient_with_mobile(tx, mobile) if mobile else None
    return practitioners.holder_of_licence(tx, asked.licence_number or "", asked.licence_authority or "")


def _add_person(tx: WriteTx, asked: Registration) -> str:
    if asked.role == "patient":
        patient = NewPatient(
            first_name=asked.first_name,
            last_name=asked.last_name,
            birth_date=asked.birth_date,
            gender=asked.gender,
            email=asked.email,
            mobile_number=asked.mobile_number,
            language=asked.language,
        )
        return patients.add_patient(tx, patient, source="self")
    profile = PractitionerProfile(
        title=asked.title,
        first_name=asked.first_name,
        last_name=asked.last_name,
        specialty=asked.specialty or "",
        subspecialty=asked.subspecialty,
        licence_number=asked.licence_number or "",
        licence_authority=asked.licence_authority or "",
        languages=asked.languages,
        city=asked.city,
        fee_minor=asked.fee_minor,
        mobile_number=asked.mobile_number,
    )
    return practitioners.add_practitioner(tx, profile, email=asked.email)


def _index(name: str) -> int:
    return Registration.__struct_fields__.index(name)
