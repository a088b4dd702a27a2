"""What admins learn of: a setting that another of them changed, a backup that failed (SPEC 28)."""

from esante.admin.backups.events import BackupFailed
from esante.admin.events import KitMade, KitProofDue, SettingChanged, SlotAdded, SlotRemoved
from esante.admin.preferences import service as preferences
from esante.admin.settings import service as settings
from esante.identity import service as identity
from esante.identity.events import AccountRemoved
from esante.kernel.transaction import WriteTx
from esante.notifications import service as notifications


def forget_account(tx: WriteTx, event: AccountRemoved) -> None:
    """What an account had set for itself goes with it."""
    preferences.forget_account(tx, event.subject)


def tell_setting_changed(tx: WriteTx, event: SettingChanged) -> None:
    """Every admin but the one who did it; in the app only."""
    author = settings.author_of(tx, event.subject, event.version)
    for admin in identity.accounts_in_role(tx, "admin"):
        if admin.account_id != author:
            notifications.tell(
                tx, admin, "setting_changed", "low", "A setting of the clinic was changed",
                "{key} has another value now. The history of the setting says which, and who changed it.",
                event.subject, key=event.subject,
            )  # fmt: skip


def tell_kit_proof_due(tx: WriteTx, event: KitProofDue) -> None:
    """Every admin: without a kit that works, a lost key is the loss of everything."""
    for admin in identity.accounts_in_role(tx, "admin"):
        if event.kits:
            notifications.tell(
                tx, admin, "kit_proof_due", "high", "Is the recovery kit still there?",
                "It was last typed back more than {days} days ago. Take the sheet from its place and type its words on the"
                " box: esante key verify-kit",
                event.subject, days=str(tx.settings.kit_proof_days),
            )  # fmt: skip
        else:
            notifications.tell(
                tx, admin, "kit_missing", "high", "The clinic has no recovery kit",
                "If the box or its key is lost, nobody can read the backups. Make a kit on the box and print it: esante key"
                " kit FILE.pdf",
                event.subject,
            )  # fmt: skip


def tell_keys_changed(tx: WriteTx, event: SlotAdded | SlotRemoved | KitMade) -> None:
    """Every admin: whoever did it at the console, they should know."""
    for admin in identity.accounts_in_role(tx, "admin"):
        notifications.tell(
            tx, admin, "keys_changed", "high", "The clinic's keys were changed",
            "At the console a way to open the clinic's data was added or taken away. If nobody of you did it, look at the"
            " audit log, and at who can reach the box.",
            event.subject,
        )  # fmt: skip


def tell_backup_failed(tx: WriteTx, event: BackupFailed) -> None:
    """Every admin, in the app and by mail."""
    for admin in identity.accounts_in_role(tx, "admin"):
        if event.stage == "copy":
            notifications.tell(
                tx, admin, "backup_failed", "high", "A backup was not copied",
                "The backup was made and proven, but it could not be copied to its other place. The page about the clinic's"
                " health says why.",
                event.subject,
            )  # fmt: skip
        else:
            notifications.tell(
                tx, admin, "backup_failed", "high", "The backup failed",
                "There is no new backup of the clinic. The page about the clinic's health says why; the backup is tried again"
                " by itself.",
                event.subject,
            )  # fmt: skip
