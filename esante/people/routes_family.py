"""The HTTP door to what hangs on a patient's record: dependants, consents, contacts, insurances."""

from litestar import Response, Router, get, post, put
from litestar.params import FromPath, JSONBody

from esante.kernel.access import roles
from esante.kernel.dependencies import Db, IfMatch, Me, OnceKey, tagged
from esante.kernel.structs import Page
from esante.people.family import service as family
from esante.people.family.structs import (
    Consent,
    ConsentId,
    ContactItem,
    Dependant,
    InsuranceItem,
    NewConsent,
    NewContact,
    NewDependant,
    NewInsurance,
)
from esante.people.structs import Patient

READERS = roles("patient", "doctor", "assistant", "admin")


@get("/patients/{patient_id:str}/dependants", access=READERS)
async def list_dependants(db: Db, actor: Me, patient_id: FromPath[str]) -> Page[Dependant]:
    """Whose guardian this patient is; `actsFor` says for whom he still acts: until 18, then by consent."""
    return await db.look(actor, family.list_dependants, patient_id)


@post("/patients/{patient_id:str}/dependants", access=READERS)
async def add_dependant(
    db: Db, actor: Me, once: OnceKey, patient_id: FromPath[str], data: JSONBody[NewDependant]
) -> Response[Patient]:
    """Make a record for a child or dependant of this patient: by the guardian for somebody under 18, or by the desk."""
    return tagged(await db.write_once(once, actor, family.add_dependant, patient_id, data), 201)


@get("/patients/{patient_id:str}/consents", access=READERS)
async def list_consents(db: Db, actor: Me, patient_id: FromPath[str]) -> Page[Consent]:
    """What the patient agreed to, the newest first, revoked or not."""
    return await db.look(actor, family.list_consents, patient_id)


@post("/patients/{patient_id:str}/consents", access=READERS)
async def give_consent(
    db: Db, actor: Me, once: OnceKey, patient_id: FromPath[str], data: JSONBody[NewConsent]
) -> Consent:
    """Record that the patient agreed to a text in this version."""
    return await db.write_once(once, actor, family.give_consent, patient_id, data)


@post("/patients/{patient_id:str}/consents/{consent_id:str}/revoke", access=READERS, status_code=200)
async def revoke_consent(db: Db, actor: Me, patient_id: FromPath[str], consent_id: FromPath[str]) -> Consent:
    """The patient no longer agrees, from now on."""
    return await db.write(actor, family.revoke_consent, patient_id, ConsentId(consent_id))


@get("/patients/{patient_id:str}/contacts", access=READERS)
async def list_contacts(db: Db, actor: Me, patient_id: FromPath[str]) -> Page[ContactItem]:
    """Whom to call, the primary one first."""
    return await db.look(actor, family.list_contacts, patient_id)


@post("/patients/{patient_id:str}/contacts", access=READERS)
async def add_contact(
    db: Db, actor: Me, once: OnceKey, patient_id: FromPath[str], data: JSONBody[NewContact]
) -> Page[ContactItem]:
    """One more to call, after those that are there."""
    return await db.write_once(once, actor, family.add_contact, patient_id, data)


@put("/patients/{patient_id:str}/contacts", access=READERS)
async def replace_contacts(
    db: Db, actor: Me, patient_id: FromPath[str], version: IfMatch, data: JSONBody[list[NewContact]]
) -> Response[Patient]:
    """All contacts at once, the primary one first; If-Match is the patient's version."""
    return tagged(await db.write(actor, family.replace_contacts, patient_id, data, version))


@get("/patients/{patient_id:str}/insurances", access=READERS)
async def list_insurances(db: Db, actor: Me, patient_id: FromPath[str]) -> Page[InsuranceItem]:
    """The patient's policies; `isExpired` flags those that have run out."""
    return await db.look(actor, family.list_insurances, patient_id)


@post("/patients/{patient_id:str}/insurances", access=READERS)
async def add_insurance(
    db: Db, actor: Me, once: OnceKey, patient_id: FromPath[str], data: JSONBody[NewInsurance]
) -> Page[InsuranceItem]:
    """One more policy."""
    return await db.write_once(once, actor, family.add_insurance, patient_id, data)


@put("/patients/{patient_id:str}/insurances", access=READERS)
async def replace_insurances(
    db: Db, actor: Me, patient_id: FromPath[str], version: IfMatch, data: JSONBody[list[NewInsurance]]
) -> Response[Patient]:
    """All policies at once; If-Match is the patient's version."""
    return tagged(await db.write(actor, family.replace_insurances, patient_id, data, version))


router = Router(
    "/",
    route_handlers=[
        list_dependants,
        add_dependant,
        list_consents,
        give_consent,
        revoke_consent,
        list_contacts,
        add_contact,
        replace_contacts,
        list_insurances,
        add_insurance,
        replace_insurances,
    ],
)
