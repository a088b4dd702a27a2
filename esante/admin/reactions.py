"""What administration does when its own settings have changed: the other admins learn of it (SPEC 28)."""

from esante.admin.events import SettingChanged
from esante.admin.settings import service as settings
from esante.identity import service as identity
from esante.kernel.transaction import WriteTx
from esante.notifications import service as notifications


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
