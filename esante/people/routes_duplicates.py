"""The HTTP door to duplicates, merges and erasure."""

from datetime import date
from typing import Annotated

from litestar import Router, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from esante.kernel.access import roles
from esante.kernel.dependencies import Db, House, Me, OnceKey
from esante.kernel.structs import Page
from esante.people.duplicates import service as duplicates
from esante.people.duplicates.structs import Candidates, Entered
from esante.people.erasure import service as erasure
from esante.people.erasure.structs import Erased, ErasureRequest
from esante.people.merging import service as merging
from esante.people.merging.structs import Merge, MergeRequest, UnmergeRequest
from esante.people.removal import service as removal
from esante.people.removal.structs import RemovalRequest, RemovedPatient

DESK = roles("doctor", "assistant", "admin")

FirstName = Annotated[str, QueryParameter(name="firstName", min_length=1, max_length=50, pattern=r"\S")]
LastName = Annotated[str, QueryParameter(name="lastName", min_length=1, max_length=50, pattern=r"\S")]
BirthDate = Annotated[date | None, QueryParameter(name="birthDate")]
Mobile = Annotated[str | None, QueryParameter(name="mobileNumber", max_length=40)]
Email = Annotated[str | None, QueryParameter(max_length=254)]


@get("/patients/duplicates", access=DESK)
async def find_duplicates(
    db: Db,
    actor: Me,
    first_name: FirstName,
    last_name: LastName,
    birth_date: BirthDate = None,
    mobile_number: Mobile = None,
    email: Email = None,
) -> Candidates:
    """Who may be known already, while somebody is entered: candidates with a score of 0 to 100 and its reasons."""
    entered = Entered(
        first_name=first_name, last_name=last_name, birth_date=birth_date, mobile_number=mobile_number, email=email
    )
    return await db.scan(actor, duplicates.find_duplicates, entered)


@post("/patients/{patient_id:str}/merge", access=roles("admin"), status_code=200)
async def merge_patients(
    db: Db, actor: Me, once: OnceKey, patient_id: FromPath[str], data: JSONBody[MergeRequest]
) -> Merge:
    """The record `otherId` becomes an alias of this one, and all that it has moves here. It can be undone."""
    return await db.write_once(once, actor, merging.merge_patients, patient_id, data)


@post("/patients/{patient_id:str}/unmerge", access=roles("admin"), status_code=200)
async def unmerge_patients(
    db: Db, actor: Me, once: OnceKey, patient_id: FromPath[str], data: JSONBody[UnmergeRequest]
) -> Merge:
    """Both records come back as they were. What was made since stays here, but for the rows named in `toOther`."""
    return await db.write_once(once, actor, merging.unmerge_patients, patient_id, data)


@get("/patients/{patient_id:str}/merges", access=roles("admin"))
async def list_merges(db: Db, actor: Me, patient_id: FromPath[str]) -> Page[Merge]:
    """With which records this one was merged, and how many rows of each kind moved."""
    return db.read(actor, merging.list_merges, patient_id)


@post("/patients/{patient_id:str}/erase", access=roles("admin"), status_code=200)
async def erase_patient(
    db: Db, actor: Me, clinic: House, patient_id: FromPath[str], data: JSONBody[ErasureRequest]
) -> Erased:
    """Take the person's name, addresses and login out of the record, for good; what is clinical stays under the id."""
    done, files = await db.write(actor, erasure.erase_patient, patient_id, data)
    for file_id in files:
        clinic.vault.remove(file_id)
    return done


@post("/patients/{patient_id:str}/remove", access=roles("admin"), status_code=200)
async def remove_patient(
    db: Db, actor: Me, clinic: House, patient_id: FromPath[str], data: JSONBody[RemovalRequest]
) -> RemovedPatient:
    """Take away a record that holds nothing, with its account; the answer is the last copy. 409 `NOT_EMPTY`: archive it."""
    done, photo = await db.write(actor, removal.remove_patient, patient_id, data)
    if photo:
        clinic.vault.remove(photo)
    return done


router = Router(
    "/",
    route_handlers=[
        find_duplicates,
        merge_patients,
        unmerge_patients,
        list_merges,
        erase_patient,
        remove_patient,
    ],
)
