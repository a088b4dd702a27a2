"""Fills the peer's database with as much as ours has: `python peer_data.py PATIENTS CONSULTATIONS VISITS LINES TOKEN`.

Made inside PostgreSQL by `generate_series`, indexed as the queries of `peer_app` want it, vacuumed and analysed. Runs in
`.venv-bench`; `DATABASE_URL` says where.
"""

import asyncio
import hashlib
import os
import sys

import asyncpg
from peer_app import Base, engine
from sqlalchemy import text

CONSULTATION = """CREATE TABLE consultation (id bigint PRIMARY KEY, patient_id int NOT NULL REFERENCES patient,
    practitioner_id int NOT NULL REFERENCES practitioner, started_at timestamptz NOT NULL, chief_complaint text,
    symptoms jsonb, examination text, diagnosis text, notes text)"""
ROWS = (
    """INSERT INTO account VALUES (1, 'doctor', 1), (2, 'assistant', NULL)""",
    """INSERT INTO practitioner SELECT n, 'Bench', 'Doctor ' || n, 'approved' FROM generate_series(1, 40) n""",
    """INSERT INTO appointment_type SELECT n, 'Consultation', 3000, 'EUR', 30, '#1c7ed6', false, NULL, true, 1, now(), now()
       FROM generate_series(1, 4) n""",
    """INSERT INTO patient SELECT n, (ARRAY['Élodie', 'Amir', 'Chantal', 'Karim', 'Rose'])[1 + n % 5],
       (ARRAY['Benali', 'Lefèvre', 'Dupont', 'Nguyen', 'Saint-Martin'])[1 + n % 5] || n % 7919, date '1930-01-01' + n % 33000,
       'female', CASE WHEN n % 3 = 0 THEN 'someone' || n || '@example.org' END,
       CASE WHEN n % 2 = 0 THEN '+336' || 10000000 + n * 7 END, NULL, 'A+', '[]', '[]', '[]', NULL, 1, now(), now()
       FROM generate_series(1, {patients}) n""",
    """INSERT INTO care_relation SELECT 1, n FROM generate_series(1, {patients}, 33) n""",
    """INSERT INTO consultation SELECT n, 1 + n::bigint * 7919 % {patients}, 1 + n % 40, now() - n * interval '3 minutes',
       'Cough for a week', '["cough", "fever"]', 'Lungs clear, throat red', 'Acute bronchitis',
       'Rest and fluids; back if it does not pass.' FROM generate_series(1, {consultations}) n""",
    """INSERT INTO appointment (patient_id, practitioner_id, type_id, starts_at, ends_at, status, reason, price_minor, version,
       created_by, created_at) SELECT 1 + n::bigint * 7919 % {patients}, 1 + n % 40, 1, at, at + interval '30 minutes', 'completed',
       'Check-up', 3000, 1, 2, now() FROM generate_series(1, {visits}) n,
       LATERAL (SELECT date_trunc('day', now()) - interval '1 day' * (1 + n / 800) + interval '8 hours'
       + interval '30 minutes' * (n / 40 % 20) AS at) times""",
    """INSERT INTO audit SELECT n, now(), convert_to('[' || n || ', "patient.accessed", "doctor", "192.168.1.20"]', 'UTF8'),
       sha256(convert_to(n::text, 'UTF8')) FROM generate_series(1, {lines}) n""",
)
AFTER = (
    "CREATE INDEX ON consultation (patient_id, started_at)",
    "CREATE INDEX ON consultation (practitioner_id, started_at)",
    "CREATE INDEX ON appointment (practitioner_id, starts_at, id)",
    "CREATE INDEX ON appointment (patient_id, starts_at, id)",
    "CREATE INDEX ON care_relation (patient_id)",
    "CREATE EXTENSION btree_gist",
    """ALTER TABLE appointment ADD CONSTRAINT practitioner_is_free EXCLUDE USING gist
       (practitioner_id WITH =, tstzrange(starts_at, ends_at) WITH &&) WHERE (status IN ('pending', 'confirmed'))""",
    """ALTER TABLE appointment ADD CONSTRAINT patient_is_free EXCLUDE USING gist
       (patient_id WITH =, tstzrange(starts_at, ends_at) WITH &&) WHERE (status IN ('pending', 'confirmed'))""",
    "VACUUM ANALYZE",
)


async def main() -> None:
    names = ("patients", "consultations", "visits", "lines")
    sizes = dict(zip(names, map(int, sys.argv[1:5]), strict=True))
    async with engine.begin() as tables:
        await tables.run_sync(Base.metadata.create_all)
        await tables.execute(text(CONSULTATION))
    await engine.dispose()
    conn = await asyncpg.connect(os.environ["DATABASE_URL"].replace("+asyncpg", ""))
    for statement in (*ROWS, *AFTER):
        await conn.execute(statement.format(**sizes))
    digest = hashlib.sha256(sys.argv[5].encode()).digest()
    await conn.execute("INSERT INTO session VALUES ($1, 1, now() + interval '1 day')", digest)
    said = [await conn.fetchval(f"SHOW {name}") for name in ("server_version", "fsync", "synchronous_commit")]
    print("PostgreSQL {}, fsync {}, synchronous_commit {}".format(*said))
    await conn.close()


asyncio.run(main())
