"""The peer: what many would build instead. FastAPI, SQLAlchemy 2 asynchronous ORM, asyncpg, PostgreSQL.

Idiomatic, not tuned for a benchmark and not held back: one session of the ORM for each request, eager joins for the page, models
of Pydantic for input and output, a pool of 20 connections and 12 more, synchronous commits. Every route first looks the
request's opaque token up by its SHA-256, with its account, as ours does. It does less than ours: no rate limits, no security
headers, no request ids, no idempotency keys, no notifications, of the rules of a booking only who exists and the conflict; its
ids are integers, its database is not encrypted.

The audited read appends to a hash chain under an advisory lock, as a chain must, since two links cannot have the same
predecessor; `/patients-plain` writes the audit row without a chain, and so without a lock. A booking asks for a conflict, and an
exclusion constraint has the last word; it writes one plain audit row (`/appointments-chained`: one of the chain). A page is
read without a trace, `/appointments-chained` leaves a link in the chain, as ours does.

Runs in `.venv-bench`, `DATABASE_URL` says where the database is.
"""

import hashlib
import json
import os
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel, ConfigDict
from sqlalchemy import BigInteger, ForeignKey, LargeBinary, exists, or_, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, joinedload, mapped_column, relationship
from sqlalchemy.types import DateTime

engine = create_async_engine(os.environ["DATABASE_URL"], pool_size=20, max_overflow=12)
sessions = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI()


class Base(DeclarativeBase):
    type_annotation_map = {datetime: DateTime(timezone=True), dict[str, Any]: JSONB, list[str]: JSONB}  # noqa: RUF012


class Account(Base):
    __tablename__ = "account"
    id: Mapped[int] = mapped_column(primary_key=True)
    role: Mapped[str]
    person_id: Mapped[int | None]


class Login(Base):
    __tablename__ = "session"
    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    expires_at: Mapped[datetime]
    account: Mapped[Account] = relationship()


class Practitioner(Base):
    __tablename__ = "practitioner"
    id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str]
    status: Mapped[str]


class Patient(Base):
    __tablename__ = "patient"
    id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str]
    birth_date: Mapped[date]
    gender: Mapped[str]
    email: Mapped[str | None]
    mobile_number: Mapped[str | None]
    address: Mapped[str | None]
    blood_type: Mapped[str | None]
    allergies: Mapped[list[str]]
    chronic_diseases: Mapped[list[str]]
    current_medication: Mapped[list[str]]
    medical_history: Mapped[str | None]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Care(Base):
    __tablename__ = "care_relation"
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioner.id"), primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), primary_key=True)


class Kind(Base):
    __tablename__ = "appointment_type"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    price_minor: Mapped[int]
    currency: Mapped[str]
    duration_minutes: Mapped[int]
    color: Mapped[str]
    auto_confirm: Mapped[bool]
    room_kind: Mapped[str | None]
    is_active: Mapped[bool]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Appointment(Base):
    __tablename__ = "appointment"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioner.id"))
    type_id: Mapped[int] = mapped_column(ForeignKey("appointment_type.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    status: Mapped[str]
    reason: Mapped[str | None]
    price_minor: Mapped[int]
    version: Mapped[int] = mapped_column(default=1)
    created_by: Mapped[int]
    created_at: Mapped[datetime]
    patient: Mapped[Patient] = relationship()
    practitioner: Mapped[Practitioner] = relationship()
    kind: Mapped[Kind] = relationship()


class Chained(Base):
    __tablename__ = "audit"
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    at: Mapped[datetime]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class Plain(Base):
    __tablename__ = "audit_plain"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    at: Mapped[datetime]
    body: Mapped[dict[str, Any]]


class Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class KindShown(Shown):
    id: int
    name: str
    price_minor: int
    currency: str
    duration_minutes: int
    color: str
    auto_confirm: bool
    room_kind: str | None
    is_active: bool
    version: int
    created_at: datetime
    updated_at: datetime


class PatientShown(Shown):
    id: int
    first_name: str
    last_name: str
    birth_date: date
    gender: str
    email: str | None
    mobile_number: str | None
    address: str | None
    blood_type: str | None
    allergies: list[str]
    chronic_diseases: list[str]
    current_medication: list[str]
    medical_history: str | None
    version: int
    created_at: datetime
    updated_at: datetime


class LineShown(Shown):
    id: int
    patient_id: int
    patient_name: str
    practitioner_id: int
    practitioner_name: str
    type_name: str
    color: str
    starts_at: datetime
    ends_at: datetime
    status: str
    version: int


class Wish(BaseModel):
    practitioner_id: int
    patient_id: int
    type_id: int
    starts_at: datetime
    reason: str | None = None


class AppointmentShown(Shown):
    id: int
    patient_id: int
    practitioner_id: int
    type_id: int
    starts_at: datetime
    ends_at: datetime
    status: str
    reason: str | None
    price_minor: int
    version: int
    created_at: datetime


async def database() -> AsyncIterator[AsyncSession]:
    async with sessions() as session:
        yield session


Db = Annotated[AsyncSession, Depends(database)]


async def signed_in(db: Db, authorization: Annotated[str, Header()]) -> Account:
    digest = hashlib.sha256(authorization.removeprefix("Bearer ").encode()).digest()
    query = select(Login).options(joinedload(Login.account)).where(Login.digest == digest)
    login = (await db.execute(query)).scalar_one_or_none()
    if login is None or login.expires_at <= datetime.now(UTC):
        raise HTTPException(401)
    return login.account


Me = Annotated[Account, Depends(signed_in)]


async def note_in_chain(db: AsyncSession, account: Account, action: str, subject: str) -> None:
    await db.execute(text("SELECT pg_advisory_xact_lock(1)"))
    last = (await db.execute(select(Chained.seq, Chained.hash).order_by(Chained.seq.desc()).limit(1))).first()
    seq, before = (last[0] + 1, last[1]) if last else (1, bytes(32))
    at = datetime.now(UTC)
    body = json.dumps([seq, at.isoformat(), account.id, account.role, action, subject]).encode()
    db.add(Chained(seq=seq, at=at, body=body, hash=hashlib.sha256(before + body).digest()))


def note_plainly(db: AsyncSession, account: Account, action: str, subject: str) -> None:
    body = {"account": account.id, "role": account.role, "action": action, "subject": subject}
    db.add(Plain(at=datetime.now(UTC), body=body))


@app.get("/health")
async def health() -> dict[str, bool]:
    return {"ok": True}


@app.get("/appointment-types/{type_id}", response_model=KindShown)
async def show_type(type_id: int, db: Db, me: Me) -> Kind:
    found = await db.get(Kind, type_id)
    if found is None:
        raise HTTPException(404)
    return found


async def lines_of(practitioner_id: int, db: AsyncSession, limit: int) -> list[LineShown]:
    query = (
        select(Appointment)
        .options(joinedload(Appointment.patient), joinedload(Appointment.practitioner), joinedload(Appointment.kind))
        .where(Appointment.practitioner_id == practitioner_id)
        .order_by(Appointment.starts_at, Appointment.id)
        .limit(limit)
    )
    return [
        LineShown(
            id=one.id,
            patient_id=one.patient_id,
            patient_name=f"{one.patient.first_name} {one.patient.last_name}",
            practitioner_id=one.practitioner_id,
            practitioner_name=f"{one.practitioner.first_name} {one.practitioner.last_name}",
            type_name=one.kind.name,
            color=one.kind.color,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            status=one.status,
            version=one.version,
        )
        for one in (await db.execute(query)).scalars()
    ]


@app.get("/appointments", response_model=list[LineShown])
async def list_appointments(practitioner_id: int, db: Db, me: Me, limit: int = 20) -> list[LineShown]:
    return await lines_of(practitioner_id, db, limit)


@app.get("/appointments-chained", response_model=list[LineShown])
async def list_appointments_in_chain(practitioner_id: int, db: Db, me: Me, limit: int = 20) -> list[LineShown]:
    found = await lines_of(practitioner_id, db, limit)
    await note_in_chain(db, me, "appointment.listed", f"{practitioner_id} {len(found)}")
    await db.commit()
    return found


async def treated(patient_id: int, db: AsyncSession, me: Account) -> Patient:
    cares = exists().where(Care.practitioner_id == me.person_id, Care.patient_id == Patient.id)
    found = (await db.execute(select(Patient).where(Patient.id == patient_id, cares))).scalar_one_or_none()
    if found is None:
        raise HTTPException(404)
    return found


@app.get("/patients/{patient_id}", response_model=PatientShown)
async def read_patient(patient_id: int, db: Db, me: Me) -> Patient:
    found = await treated(patient_id, db, me)
    await note_in_chain(db, me, "patient.accessed", str(patient_id))
    await db.commit()
    return found


@app.get("/patients-plain/{patient_id}", response_model=PatientShown)
async def read_patient_without_chain(patient_id: int, db: Db, me: Me) -> Patient:
    found = await treated(patient_id, db, me)
    note_plainly(db, me, "patient.accessed", str(patient_id))
    await db.commit()
    return found


async def booked(wish: Wish, db: AsyncSession, me: Account) -> Appointment:
    doctor, patient = await db.get(Practitioner, wish.practitioner_id), await db.get(Patient, wish.patient_id)
    kind = await db.get(Kind, wish.type_id)
    if doctor is None or doctor.status != "approved" or patient is None or kind is None or not kind.is_active:
        raise HTTPException(404)
    now, ends = datetime.now(UTC), wish.starts_at + timedelta(minutes=kind.duration_minutes)
    overlap = exists().where(
        or_(Appointment.practitioner_id == wish.practitioner_id, Appointment.patient_id == wish.patient_id),
        Appointment.starts_at < ends,
        Appointment.ends_at > wish.starts_at,
        Appointment.starts_at > wish.starts_at - timedelta(days=1),
        Appointment.status.in_(("pending", "confirmed")),
    )
    if await db.scalar(select(overlap)):
        raise HTTPException(409)
    made = Appointment(
        **wish.model_dump(),
        ends_at=ends,
        status="confirmed",
        price_minor=kind.price_minor,
        created_by=me.id,
        created_at=now,
    )
    db.add(made)
    try:
        await db.flush()
    except IntegrityError:
        raise HTTPException(409) from None
    return made


@app.post("/appointments", response_model=AppointmentShown, status_code=201)
async def book(wish: Wish, db: Db, me: Me) -> Appointment:
    made = await booked(wish, db, me)
    note_plainly(db, me, "appointment.confirmed", str(made.id))
    await db.commit()
    return made


@app.post("/appointments-chained", response_model=AppointmentShown, status_code=201)
async def book_in_chain(wish: Wish, db: Db, me: Me) -> Appointment:
    made = await booked(wish, db, me)
    await note_in_chain(db, me, "appointment.confirmed", str(made.id))
    await db.commit()
    return made
