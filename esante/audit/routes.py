"""The HTTP door of the audit log."""

from datetime import date
from typing import Annotated

from litestar import MediaType, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from esante.audit import service
from esante.audit.asking import FILTER
from esante.audit.export.routes import router as export
from esante.audit.reports.routes import router as reports
from esante.audit.review.routes import router as reviews
from esante.audit.structs import AuditFilter, AuditLine, Proof, RecordAccess
from esante.audit.watch import service as watch
from esante.audit.watch.structs import OddAccess, OddKind
from esante.kernel.access import STAFF, roles
from esante.kernel.audit_log import Verdict
from esante.kernel.checkpoints import Signer
from esante.kernel.dependencies import Db, House, Me
from esante.kernel.errors import NotFound
from esante.kernel.structs import Page

Limit = Annotated[int, QueryParameter(ge=1, le=500)]


@get("/audit", access=roles("admin"), dependencies=FILTER)
async def list_lines(
    db: Db,
    actor: Me,
    wanted: NamedDependency[AuditFilter],
    cursor: FromQuery[str | None] = None,
    limit: Limit = 100,
) -> Page[AuditLine]:
    """The audit log, newest first; every filter that is given must hold."""
    return await db.scan(actor, service.list_lines, wanted, cursor, limit)


@get("/audit/security-events", access=roles("admin"))
async def list_security_events(
    db: Db, actor: Me, cursor: FromQuery[str | None] = None, limit: Limit = 100
) -> Page[AuditLine]:
    """Sign-ins and their failures, refusals, account changes, and everything critical."""
    return await db.scan(actor, service.list_lines, AuditFilter(security=True), cursor, limit)


@get("/audit/users/{id:str}", access=roles("admin"))
async def list_of_user(
    db: Db, actor: Me, id: FromPath[str], cursor: FromQuery[str | None] = None, limit: Limit = 100
) -> Page[AuditLine]:
    """What one account did."""
    return await db.scan(actor, service.list_lines, AuditFilter(actor=id), cursor, limit)


@get("/audit/patients/{id:str}", access=roles("admin"))
async def list_of_patient(
    db: Db, actor: Me, id: FromPath[str], cursor: FromQuery[str | None] = None, limit: Limit = 100
) -> Page[AuditLine]:
    """What touched one patient's record."""
    return await db.scan(actor, service.list_lines, AuditFilter(patient_id=id), cursor, limit)


@get("/patients/{id:str}/accesses", access=roles("patient", "doctor", "admin"))
async def list_accesses(db: Db, actor: Me, id: FromPath[str], limit: Limit = 100) -> list[RecordAccess]:
    """Who opened this record, by person and day: for the patient, for doctors who treat the patient, for admins."""
    return await db.scan(actor, service.list_accesses, id, limit)


@get("/audit/verify", access=roles("admin"))
async def verify(db: Db, actor: Me, clinic: House) -> Verdict:
    """Read the whole chain again and hold it against the witness."""
    return await db.scan(actor, service.verify, clinic.keys.audit_keys, Signer(clinic.keys), db.witness.read())


@get("/audit/checkpoint", access=STAFF, media_type=MediaType.TEXT)
async def show_checkpoint(db: Db, actor: Me) -> str:
    """The newest signed checkpoint, as a C2SP note. Keep it: with it anybody can show later that the log was changed."""
    note = db.read(actor, service.show_checkpoint)
    if note is None:
        raise NotFound("No checkpoint was signed yet")
    return note


@get("/audit/checkpoint/key", access=STAFF, media_type=MediaType.TEXT)
async def show_verifier(clinic: House) -> str:
    """The public key that checkpoints are signed with, as C2SP writes it."""
    return Signer(clinic.keys).verifier + "\n"


@get("/audit/checkpoint/proof", access=STAFF)
async def prove(
    db: Db,
    actor: Me,
    first: Annotated[int, QueryParameter(name="from", ge=1)],
    second: Annotated[int, QueryParameter(name="to", ge=1)],
) -> Proof:
    """The consistency proof between two sizes of the log (RFC 9162): the later one only added to the earlier."""
    return await db.scan(actor, service.prove, first, second)


@get("/audit/odd", access=roles("admin"))
async def list_odd(
    db: Db,
    actor: Me,
    since: Annotated[date, QueryParameter(name="from")],
    until: Annotated[date, QueryParameter(name="to")],
    kind: FromQuery[OddKind | None] = None,
) -> list[OddAccess]:
    """Accesses to ask about: the reader's own surname, a patient neither treated nor received, outside opening hours."""
    return await db.scan(actor, watch.list_odd, since, until, kind)


router = Router(
    "/",
    route_handlers=[
        list_lines,
        list_security_events,
        list_of_user,
        list_of_patient,
        list_accesses,
        verify,
        show_checkpoint,
        show_verifier,
        prove,
        list_odd,
        reviews,
        export,
        reports,
    ],
    tags=["Audit"],
)
