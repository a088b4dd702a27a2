"""A list of patients as a spreadsheet has it (CSV, TSV, JSON, NDJSON), turned into what the FHIR importer takes.

So a second run adds nothing, rows are refused one by one with their reason, and what came stays beside what was made of it.
"""

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Literal

import msgspec

from esante.kernel.errors import Broken
from esante.people.service import fold

Dates = Literal["dmy", "mdy", "ymd"]

NAMES: dict[str, str] = {
    "id": "id numero number no dossier ndossier nodossier numerodossier file ipp patientid patient_id identifiant identifier",
    "lastName": "lastname last_name surname familyname family_name nom nomdefamille nomusuel",
    "firstName": "firstname first_name givenname given_name prenom",
    "birthDate": "birthdate birth_date dateofbirth dob born naissance datedenaissance datenaissance nele",
    "gender": "gender sex sexe genre civilite",
    "email": "email mail courriel emailaddress adresseemail",
    "mobileNumber": "mobile mobilenumber phone phonenumber telephone tel portable gsm cell",
    "street": "street address adresse rue addressline",
    "postalCode": "postalcode zip zipcode postcode codepostal cp",
    "city": "city town ville commune",
    "country": "country pays",
    "language": "language langue",
}
"""Our fields, and how others call them; folded, without anything but letters."""

GENDERS: dict[str, str] = {
    **dict.fromkeys(("m", "h", "male", "man", "homme", "masculin", "mr", "monsieur", "1"), "male"),
    **dict.fromkeys(("f", "female", "woman", "femme", "feminin", "mme", "mlle", "madame", "2"), "female"),
    **dict.fromkeys(("o", "other", "autre", "x"), "other"),
}
DAY = re.compile(r"^(\d{1,4})[-/. ](\d{1,2})[-/. ](\d{1,4})(?:[ T].*)?$")


class Row(msgspec.Struct, frozen=True):
    """One row of the file: its number (the first row of data is 1), as a FHIR Patient, or why it is none."""

    number: int
    patient: dict[str, Any] | None
    problem: str | None = None


def read(file: Path) -> tuple[list[str], list[dict[str, Any]]]:
    """The columns and rows; what kind of file it is shows in its content. `Broken` when it is none that can be read."""
    from sqlite_utils.utils import rows_from_file  # not before it is needed: the server must never load another SQLite

    try:
        with file.open("rb") as source:
            found, _ = rows_from_file(source, encoding="utf-8-sig")
            rows = [dict(row) for row in found]
    except FileNotFoundError:
        raise Broken(f"There is no file {file}") from None
    except UnicodeDecodeError:
        raise Broken(f"{file} is not in UTF-8. Save it again as CSV UTF-8") from None
    except Exception as error:  # the library has no class of its own for each kind of file
        raise Broken(f"{file} cannot be read as a table: {error}") from None
    if not rows:
        raise Broken(f"{file} has no rows")
    return [str(name) for name in rows[0] if name is not None], rows


def mapping(columns: list[str], wished: list[str]) -> dict[str, str]:
    """From our field to the file's column: what was wished (`Column=field`), and else what a column's name says."""
    found = {}
    for wish in wished:
        column, sign, field = wish.rpartition("=")
        if not sign or field not in NAMES:
            raise Broken(f"--map takes COLUMN=FIELD; the fields are {', '.join(NAMES)}. Given: {wish}")
        if column not in columns:
            raise Broken(f"There is no column {column!r}. The columns are: {', '.join(columns)}")
        found[field] = column
    for field, names in NAMES.items():
        said = [column for column in columns if _letters(column) in names.split() and column not in found.values()]
        if said and field not in found:
            found[field] = said[0]
    missing = [field for field in ("lastName", "firstName") if field not in found]
    if missing:
        raise Broken(
            f"No column is {' or '.join(missing)}. Say which: --map 'Column={missing[0]}'. Columns: {', '.join(columns)}"
        )
    return found


def patients(rows: list[dict[str, Any]], columns: dict[str, str], dates: Dates) -> Iterator[Row]:
    """Each row as a FHIR Patient."""
    for number, row in enumerate(rows, 1):
        said = {field: str(row.get(column) or "").strip() for field, column in columns.items()}
        if not any(said.values()):
            continue
        try:
            yield Row(number, _patient(number, said, dates))
        except ValueError as error:
            yield Row(number, None, str(error))


def _patient(number: int, said: dict[str, str], dates: Dates) -> dict[str, Any]:
    if not (said["lastName"] and said["firstName"]):
        raise ValueError("first and last name are required")
    if None in said:
        raise ValueError("the row has more cells than the file has columns")
    patient: dict[str, Any] = {
        "resourceType": "Patient",
        "name": [{"family": said["lastName"], "given": [said["firstName"]]}],
    }
    if said.get("id"):
        patient["id"] = re.sub(r"[^A-Za-z0-9.-]", "-", said["id"])[:64]
    if said.get("birthDate"):
        patient["birthDate"] = _day(said["birthDate"], dates).isoformat()
    if said.get("gender"):
        if (gender := GENDERS.get(fold(said["gender"]).rstrip("."))) is None:
            raise ValueError(f"{said['gender']!r} is no gender that is known here")
        patient["gender"] = gender
    telecom = [{"system": "phone", "use": "mobile", "value": said["mobileNumber"]}] if said.get("mobileNumber") else []
    telecom += [{"system": "email", "value": said["email"]}] if said.get("email") else []
    address = {
        key: value
        for key, value in (
            ("line", [said["street"]] if said.get("street") else None),
            ("city", said.get("city")),
            ("postalCode", said.get("postalCode")),
            ("country", said.get("country")),
        )
        if value
    }
    language = said.get("language", "").lower()[:2]
    return (
        patient
        | ({"telecom": telecom} if telecom else {})
        | ({"address": [address]} if address else {})
        | ({"communication": [{"language": {"coding": [{"code": language}]}, "preferred": True}]} if language else {})
    )


def _day(text: str, dates: Dates) -> date:
    found = DAY.match(text)
    if not found:
        raise ValueError(f"{text!r} is no date")
    parts = [int(part) for part in found.groups()]
    order = "ymd" if len(found[1]) == 4 else dates
    day = dict(zip(order, parts, strict=True))
    if len(str(day["y"])) != 4:
        raise ValueError(f"{text!r} has no year of four digits")
    try:
        return date(day["y"], day["m"], day["d"])
    except ValueError:
        raise ValueError(f"{text!r} is no day of the calendar, read as {' '.join(order)}") from None


def as_ndjson(rows: list[Row]) -> bytes:
    """For the importer, one resource a line; the n-th line is the n-th of these rows."""
    return b"".join(json.dumps(row.patient, ensure_ascii=False).encode() + b"\n" for row in rows)


def _letters(name: str) -> str:
    return re.sub(r"[^a-z_]", "", fold(name))
