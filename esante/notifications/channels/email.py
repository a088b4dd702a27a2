"""Mail by SMTP. A mail is `sent` when the server has taken it, and not before.

Delivery is at least once: a mail may repeat only if the process died between the server's 250 and our commit, and then
carries the same Message-ID.
"""

import asyncio
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import aiosmtplib
import structlog

from esante.kernel.actor import house
from esante.kernel.clinic import Clinic
from esante.kernel.config import Mail
from esante.kernel.jobs import RETRIES, GiveUp
from esante.notifications import service
from esante.notifications.events import SendMail
from esante.notifications.structs import DeliveryId, Letter

log = structlog.get_logger(__name__)

SENDER = house("job:notifications.send_mail")
NO_SERVER = "no mail server is configured: set [mail] host and sender in esante.toml"


async def deliver(clinic: Clinic, task: SendMail) -> None:
    """Send one mail. A failure that may pass is raised, so that the job is tried again; one that stays fails the delivery."""
    id = DeliveryId(task.delivery_id)
    letter = await clinic.db.write(SENDER, service.begin_delivery, id)
    if letter is None:
        return
    mail = clinic.config.mail
    if not mail.host or not mail.sender:
        await clinic.db.write(SENDER, service.fail_delivery, id, NO_SERVER)
        raise GiveUp(NO_SERVER)
    try:
        await _send(mail, message(clinic, letter))
    except (aiosmtplib.SMTPException, OSError) as error:
        reason = plain_reason(mail, error)
        if is_final(error) or letter.delivery.tries >= len(RETRIES):
            await clinic.db.write(SENDER, service.fail_delivery, id, reason)
            raise GiveUp(reason) from None
        await clinic.db.write(SENDER, service.postpone_delivery, id, reason)
        log.warning("mail_postponed", delivery=id, why=reason)
        raise OSError(reason) from None
    await clinic.db.write(SENDER, service.end_delivery, id)


def message(clinic: Clinic, letter: Letter) -> EmailMessage:
    """The mail as it goes out: plain text, with a Message-ID that is the delivery's."""
    mail = EmailMessage()
    mail["From"] = clinic.config.mail.sender
    mail["To"] = letter.recipient
    mail["Subject"] = letter.subject
    mail["Date"] = format_datetime(clinic.db.now())
    mail["Message-ID"] = f"<{letter.delivery.id}@{clinic.keys.installation_id}.esante>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["Content-Language"] = letter.language
    signature = clinic.db.settings.clinic_name
    mail.set_content(letter.body.replace("{base}", clinic.config.link_base) + f"\n\n-- \n{signature}\n")
    return mail


def is_final(error: Exception) -> bool:
    """A 5xx about this mail or this recipient stays; everything else may pass."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return all(500 <= refused.code < 600 for refused in error.recipients)
    return isinstance(error, aiosmtplib.SMTPResponseException) and 500 <= error.code < 600 and error.code != 535


def plain_reason(mail: Mail, error: Exception) -> str:
    """For the row: which server said what, without the recipient's address."""
    where = f"{mail.host}:{mail.port}"
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return f"the mail server {where} answered {error.code}"
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return f"the mail server {where} refused the recipient"
    if isinstance(error, TimeoutError | aiosmtplib.SMTPTimeoutError):
        return f"the mail server {where} did not answer in time"
    return f"the mail server {where} could not be reached"


async def greet(mail: Mail, seconds: float = 5) -> None:
    """Connect, sign in and say goodbye; raises what the mail server, or the way to it, makes of that."""
    async with await _client(mail, seconds):
        pass


async def _send(mail: Mail, letter: EmailMessage) -> None:
    async with await _client(mail, mail.timeout_seconds) as client:
        await client.send_message(letter)


async def _client(mail: Mail, seconds: float) -> aiosmtplib.SMTP:
    return aiosmtplib.SMTP(
        hostname=mail.host,
        port=mail.port,
        username=mail.username or None,
        password=await _password(mail),
        use_tls=mail.encryption == "tls",
        start_tls=mail.encryption == "starttls",
        timeout=seconds,
    )


async def _password(mail: Mail) -> str | None:
    if mail.username and mail.password_file:
        return await asyncio.to_thread(_first_line, mail.password_file)
    return None


def _first_line(file: str) -> str:
    return Path(file).expanduser().read_text(encoding="utf-8").splitlines()[0].strip()
