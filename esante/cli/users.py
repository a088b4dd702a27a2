"""`esante user`: accounts from the console, also beside the running server, which notices within 250 ms."""

from collections.abc import Callable
from typing import Annotated, Literal

import msgspec
import typer

from esante.cli import report
from esante.cli.opening import operator, settings_of, with_clinic
from esante.cli.options import CONFIG, DATA, ConfigFile, Data, Json
from esante.demo import DESK
from esante.identity import service as identity
from esante.identity.structs import Account, AccountFilter, NewAccount, OneTimeMail
from esante.kernel.clinic import Clinic
from esante.kernel.errors import Broken, NotFound
from esante.kernel.structs import AccountId, Page
from esante.kernel.transaction import ReadTx, WriteTx
from esante.people import service as people
from esante.people.structs import NewPatient, PractitionerProfile
from esante.workplaces import service as workplaces

app = typer.Typer(help="Accounts: add, list, disable, enable, reset, remove a second factor.", no_args_is_help=True)

Role = Literal["patient", "doctor", "assistant", "pharmacist", "admin"]
Email = Annotated[str, typer.Argument(help="The account's e-mail address.")]


class Slip(msgspec.Struct, frozen=True, rename="camel"):
    """A one-time slip, to be handed over: the person chooses the password with it."""

    account_id: str
    email: str | None
    reset_token: str
    reset_code: str
    link: str


@app.callback()
def group() -> None:
    """Accounts."""


@app.command()
def add(
    email: Email,
    role: Annotated[Role, typer.Option("--role", help="What the account acts as.")],
    first_name: Annotated[str, typer.Option("--first-name", help="Of a patient or a doctor.")] = "",
    last_name: Annotated[str, typer.Option("--last-name", help="Of a patient or a doctor.")] = "",
    specialty: Annotated[str, typer.Option("--specialty", help="Of a doctor.")] = "",
    licence: Annotated[str, typer.Option("--licence", help="A doctor's licence number.")] = "",
    authority: Annotated[str, typer.Option("--authority", help="Who issued the licence.")] = "",
    data: Data = DATA,
    config: ConfigFile = CONFIG,
    as_json: Json = False,
) -> None:
    """Add an account. Nobody types a password here: a one-time slip is printed, with which the person chooses one.

    A doctor added here is verified: you have seen the licence. An assistant may keep the agenda and patients' addresses.
    """
    settings = settings_of(config, data)
    profile = None
    patient = None
    try:
        if role == "doctor":
            profile = msgspec.convert(
                {
                    "firstName": first_name,
                    "lastName": last_name,
                    "specialty": specialty,
                    "licenceNumber": licence,
                    "licenceAuthority": authority,
                },
                PractitionerProfile,
            )
        elif role == "patient":
            patient = msgspec.convert({"firstName": first_name, "lastName": last_name, "email": email}, NewPatient)
    except msgspec.ValidationError as error:
        raise Broken(f"A {role} needs a name (--first-name, --last-name) and more: {error}") from None

    def make(tx: WriteTx) -> OneTimeMail:
        person: str | None = None
        if profile:
            person = people.add_practitioner(tx, profile, email=email, source="desk", status="approved")
        elif patient:
            person = people.add_patient(tx, patient, source="desk")
        new = NewAccount(email=email, role=role, person_id=person, language=tx.settings.language, confirmed=True)
        account = identity.create_account(tx, new)
        if role == "assistant":
            workplaces.grant_scopes(tx, account, workplaces.the_workplace_id(tx), DESK)
        return identity.issue_reset(tx, account)

    slip = with_clinic(data, settings, lambda clinic: clinic.db.write(operator(), make))
    _hand_over(slip, settings.link_base, as_json)


@app.command("list")
def list_users(
    role: Annotated[Role | None, typer.Option("--role", help="Only those who act as this.")] = None,
    search: Annotated[str | None, typer.Option("--search", help="A part of the address or the mobile number.")] = None,
    data: Data = DATA,
    config: ConfigFile = CONFIG,
    as_json: Json = False,
) -> None:
    """List accounts, newest first."""
    settings = settings_of(config, data)

    async def work(clinic: Clinic) -> list[Account]:
        found: list[Account] = []
        cursor: str | None = None
        while True:
            asked = AccountFilter(role=role, search=search, cursor=cursor, limit=100)
            page: Page[Account] = await clinic.db.look(operator(), identity.list_accounts, asked)
            found += page.items
            if (cursor := page.next_cursor) is None:
                return found

    found = with_clinic(data, settings, work)
    if as_json:
        report.as_json({"items": found})
        return
    rows = [
        [
            one.email or one.mobile_e164 or "",
            ", ".join(one.roles),
            one.status,
            one.created_at.date().isoformat(),
            one.id,
        ]
        for one in found
    ]
    report.table(f"{len(found)} accounts", ["Address", "Roles", "State", "Since", "Id"], rows)


@app.command()
def disable(
    email: Email,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the audit log.")] = "disabled at the console",
    data: Data = DATA,
    config: ConfigFile = CONFIG,
    as_json: Json = False,
) -> None:
    """End every session of an account and let it sign in no more. It acts on a running server within 250 ms."""
    _show(data, config, as_json, "Disabled", lambda tx: identity.suspend_account(tx, _account(tx, email), reason))


@app.command()
def enable(email: Email, data: Data = DATA, config: ConfigFile = CONFIG, as_json: Json = False) -> None:
    """Let a disabled account sign in again."""
    _show(data, config, as_json, "Enabled", lambda tx: identity.reactivate_account(tx, _account(tx, email)))


@app.command()
def reset(email: Email, data: Data = DATA, config: ConfigFile = CONFIG, as_json: Json = False) -> None:
    """Print a one-time slip with which the person chooses a new password. Works for one hour."""
    settings = settings_of(config, data)

    def issue(tx: WriteTx) -> OneTimeMail:
        return identity.issue_reset(tx, _account(tx, email))

    slip = with_clinic(data, settings, lambda clinic: clinic.db.write(operator(), issue))
    _hand_over(slip, settings.link_base, as_json)


@app.command("disable-second-factor")
def disable_second_factor(email: Email, data: Data = DATA, config: ConfigFile = CONFIG, as_json: Json = False) -> None:
    """Remove the second factor of an account whose phone is lost, and end its sessions. It acts within 250 ms."""
    settings = settings_of(config, data)

    def remove(tx: WriteTx) -> bool:
        return identity.disable_second_factor(tx, _account(tx, email))

    removed = with_clinic(data, settings, lambda clinic: clinic.db.write(operator(), remove))
    if as_json:
        report.as_json({"email": email, "removed": removed})
    elif removed:
        report.out.print(f"{email} signs in with the password alone now; every session of it is ended.")
    else:
        report.out.print(f"{email} has no second factor; nothing was changed.")


def _account(tx: ReadTx, email: str) -> AccountId:
    found = identity.account_of_address(tx, email)
    if found is None:
        raise NotFound("There is no account with the address {email}. See: esante user list", email=email)
    return found


def _show(data: Data, config: ConfigFile, as_json: bool, done: str, act: Callable[[WriteTx], Account]) -> None:
    settings = settings_of(config, data)

    def command(tx: WriteTx) -> Account:
        return act(tx)

    account = with_clinic(data, settings, lambda clinic: clinic.db.write(operator(), command))
    if as_json:
        report.as_json(account)
    else:
        report.out.print(f"{done}: {account.email or account.id} is {account.status}.")


def _hand_over(slip: OneTimeMail, base: str, as_json: bool) -> None:
    shown = Slip(slip.account_id, slip.email, slip.token, slip.code, f"{base}/reset?token={slip.token}")
    if as_json:
        report.as_json(shown)
        return
    report.out.print(f"Hand this to {slip.email or slip.account_id}; it works once, for one hour:\n\n  {shown.link}\n")
    report.out.print(f"or, within ten minutes, this code: {shown.reset_code}")
