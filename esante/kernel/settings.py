"""The clinic's settings: typed, with defaults and bounds (SPEC 27). The rows hold only what the clinic changed."""

from datetime import datetime
from typing import Annotated, Literal

import apsw
import msgspec
from msgspec import Meta

Hours = Annotated[int, Meta(ge=0, le=72)]
Percent = Annotated[int, Meta(ge=0, le=100)]


class ClinicSettings(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Every constant that a clinic may want otherwise. Days, hours and minutes as the name says."""

    clinic_name: Annotated[str, Meta(min_length=1, max_length=100)] = "esante"
    """The clinic's name, as mails are signed and pages are headed."""
    time_zone: Annotated[str, Meta(max_length=64)] = "Europe/Paris"
    """An IANA zone: working hours, days and reminders are in it."""
    country: Annotated[str, Meta(pattern="^[A-Z]{2}$")] = "FR"
    """ISO 3166-1: the country assumed for a phone number without a prefix."""
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] = "EUR"
    """ISO 4217: prices are in it, in its minor units. What has a price already keeps its currency."""
    language: Literal["fr", "en"] = "fr"
    """Of whoever has not chosen one: mails, messages, the first page."""

    patient_registration: bool = True
    """May patients make their own account (SPEC ID-01)?"""
    doctor_registration: bool = True
    """May doctors make their own account? An admin approves them in any case (SPEC ID-01)."""
    password_symbol: bool = False
    """Must a password hold a symbol, beside upper, lower and digit (SPEC R7)?"""

    strict_transport: bool = False
    """Do browsers refuse, from their next visit on and for a year, to speak with the clinic unencrypted (HSTS, SPEC ID-23)? Only
    when every device trusts its certificate."""

    admin_second_factor: bool = False
    """Must admins sign in with a second factor (SPEC ID-20)? Who has none may then only set it up."""
    idle_lock_minutes: dict[
        Literal["patient", "doctor", "assistant", "pharmacist", "admin"], Annotated[int, Meta(ge=0, le=720)]
    ] = {}
    """After how long alone a session in this role is locked (SPEC ID-24); 0, or left out: never."""

    all_patients_visible_to_doctors: bool = False
    """Doctors see every patient of the clinic, not only those they treat (SPEC 32.1)."""
    audit_retention_years: Annotated[int, Meta(ge=1, le=30)] = 10
    """How long lines of the audit log stay in it; older ones may be moved into sealed archives, the chain stays provable."""
    denial_burst: Annotated[int, Meta(ge=5, le=500)] = 20
    """So many refusals of one account or address within 15 minutes are told to the admins."""
    kit_proof_days: Annotated[int, Meta(ge=30, le=365)] = 90
    """So long a recovery kit counts as proved after it was typed back; then the admins are asked again."""
    care_relation_days: Annotated[int, Meta(ge=1, le=3650)] = 365
    """How long a doctor goes on treating a patient after a completed visit."""

    patient_lead_minutes: Annotated[int, Meta(ge=0, le=72 * 60)] = 30
    """How soon from now a patient may book."""
    booking_horizon_days: Annotated[int, Meta(ge=1, le=365)] = 180
    """How far ahead a patient may book."""
    pending_hold_hours: Annotated[int, Meta(ge=1, le=72)] = 24
    """How long a patient's request holds its time until somebody says yes."""
    patient_cancel_hours: Hours = 2
    """Until how long before the start a patient may cancel (SPEC R18)."""
    no_show_grace_minutes: Annotated[int, Meta(ge=0, le=60)] = 15
    """How late a patient may come before the visit counts as missed."""
    arrive_early_minutes: Annotated[int, Meta(ge=0, le=60)] = 10
    """How early the confirmation asks the patient to come (SPEC R20)."""
    buffer_minutes: Annotated[int, Meta(ge=0, le=120)] = 0
    """How long a practitioner and a room stay taken after a visit, unless its type says otherwise."""
    max_patient_reschedules: Annotated[int, Meta(ge=0, le=10)] = 3
    """How often a patient may have one visit moved."""
    reconfirm_moved_hours: Hours = 0
    """How long a patient has to say whether a time suits that the staff moved a visit to (SPEC SC-15); 0: nobody is asked."""
    waitlist_offer_hours: Annotated[int, Meta(ge=1, le=48)] = 24
    """How long a freed time is held for the first in line; never past half of the time that remains."""
    auto_no_show: bool = False
    """Is a confirmed visit that nobody checked in taken for missed, 24 hours after its end?"""
    require_profile_before_booking: bool = False
    """Must a patient's record have birth date, telephone number and consent to processing before the patient books?"""
    reminder_minutes: Annotated[list[Annotated[int, Meta(ge=20, le=14 * 24 * 60)]], Meta(max_length=5)] = msgspec.field(
        default_factory=lambda: [24 * 60, 60]
    )
    """How long before a confirmed visit its patient is reminded."""
    staff_digest: bool = False
    """Are practitioners and their desks told at 09:00 what the day brings (SPEC R19)?"""
    feature_kiosk: bool = False
    """May patients register, book, check in, see and cancel their visits at a screen in the waiting room?"""

    invitation_days: Annotated[int, Meta(ge=1, le=30)] = 7
    """How long an assistant may answer an invitation."""

    consultation_edit_hours: Hours = 24
    """How long a completed consultation may still be changed by its author."""
    prescription_edit_hours: Annotated[int, Meta(ge=1, le=48)] = 1
    """How long a prescription may still be changed before it is locked (SPEC R21)."""

    feature_pharmacy: bool = False
    """Does the clinic have a pharmacy?"""
    feature_dental: bool = False
    """Does the clinic treat teeth: chart of teeth, treatment plans?"""
    feature_escrow: bool = False
    """Does the clinic hold deposits until a treatment's milestones are reached?"""
    feature_public_booking: bool = True
    """May people who are not signed in look for doctors and free times?"""


def load(conn: apsw.Connection) -> ClinicSettings:
    """The defaults, with what the clinic's rows change. A row that no longer fits is an error, never silently dropped."""
    changed = {key: msgspec.json.decode(value) for key, value in conn.execute("SELECT key, value FROM setting")}
    return msgspec.convert(changed, ClinicSettings)


def put(conn: apsw.Connection, key: str, value: str, version: int, at: datetime, by: str) -> None:
    """Keep one key, by its name in the API, with its JSON. `admin.settings` has checked it, and records `settings.changed`."""
    conn.execute(
        "INSERT INTO setting (key, value, version, updated_at, updated_by) VALUES (?1, ?2, ?3, ?4, ?5)"
        " ON CONFLICT (key) DO UPDATE SET value = ?2, version = ?3, updated_at = ?4, updated_by = ?5",
        (key, value, version, at, by),
    )
