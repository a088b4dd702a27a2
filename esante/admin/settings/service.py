"""The clinic's settings: shown, changed within their bounds, remembered (SPEC 23, 27)."""

from typing import Any

import msgspec
from babel.numbers import get_currency_precision

from esante.admin import policy
from esante.admin.events import SettingChanged
from esante.admin.logo import service as logo
from esante.admin.settings import catalogue, rules, store
from esante.admin.settings.catalogue import Known
from esante.admin.structs import ClinicFace, Setting, SettingChange, SettingRow, SettingWish
from esante.identity import service as identity
from esante.kernel.errors import check_version
from esante.kernel.i18n import LANGUAGES
from esante.kernel.structs import Page
from esante.kernel.transaction import ReadTx, WriteTx

MOST_CHANGES = 500


def show_face(tx: ReadTx) -> ClinicFace:
    """What everybody may know of the clinic; whoever runs it sees all settings too. Open."""
    sees_all = policy.may_see_face(tx)
    now = tx.settings
    face = ClinicFace(
        clinic_name=now.clinic_name,
        language=now.language,
        languages=list(LANGUAGES),
        time_zone=now.time_zone,
        country=now.country,
        currency=now.currency,
        currency_exponent=get_currency_precision(now.currency),
        features=catalogue.features(now),
        logo_url=logo.url(tx),
    )
    return msgspec.structs.replace(face, settings=list_settings(tx)) if sees_all else face


def list_settings(tx: ReadTx) -> list[Setting]:
    """Every setting with its value, bounds and meaning, in the order in which they are written."""
    policy.may_run_clinic(tx)
    rows = store.rows(tx)
    return [_shown(one, rows.get(one.key)) for one in catalogue.known().values()]


def show_setting(tx: ReadTx, key: str) -> Setting:
    """One setting; an unknown name is `NotFound`, with the nearest known one."""
    policy.may_run_clinic(tx)
    return _shown(rules.setting(key), store.row(tx, key))


def change_setting(tx: WriteTx, key: str, version: int, wish: SettingWish) -> Setting:
    """A new value, in force from the next transaction on. What was before is remembered.

    Refused: a value beyond the bounds (they are named), a zone, country or currency that does not exist, a stale version,
    an unknown name. The value that it has already changes nothing. An admin with a second factor is asked for it again
    after ten minutes (STEP_UP_REQUIRED).
    """
    policy.may_run_clinic(tx)
    identity.require_fresh(tx)
    one = rules.setting(key)
    before = _shown(one, store.row(tx, key))
    check_version(before.version, version)
    value = rules.checked(one, wish.value)
    if value == before.value:
        return before
    now = before.version + 1
    store.put(tx, key, _json(value), now)
    store.insert_change(tx, key, now, _json(before.value), _json(value))
    tx.record(SettingChanged(subject=key, version=now, old=before.value, new=value))
    return _shown(one, store.row(tx, key))


def list_changes(tx: ReadTx, key: str) -> Page[SettingChange]:
    """What a setting was, the newest change first; at most 500."""
    policy.may_run_clinic(tx)
    found = store.changes(tx, rules.setting(key).key, None, MOST_CHANGES)
    shown = [
        SettingChange(
            key=one.key,
            version=one.version,
            old=msgspec.json.decode(one.old),
            new=msgspec.json.decode(one.new),
            changed_at=one.changed_at,
            changed_by=one.changed_by,
        )
        for one in found
    ]
    return Page(items=shown)


def author_of(tx: ReadTx, key: str, version: int) -> str | None:
    """For other rooms: who gave the setting this version."""
    return store.author_of(tx, key, version)


def _shown(one: Known, row: SettingRow | None) -> Setting:
    return Setting(
        key=one.key,
        value=msgspec.json.decode(row.value) if row else one.default,
        default=one.default,
        description=one.description,
        schema=one.schema,
        version=row.version if row else 0,
        updated_at=row.updated_at if row else None,
        updated_by=row.updated_by if row else None,
    )


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
