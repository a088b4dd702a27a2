"""The clinic's logo (SPEC SE-02): sealed in the vault, its row here. The file is saved first, the old one removed last."""

from esante.admin import policy
from esante.admin.events import LogoChanged
from esante.admin.logo import store
from esante.admin.structs import Logo
from esante.kernel.errors import NotFound
from esante.kernel.images import Picture
from esante.kernel.transaction import ReadTx, WriteTx
from esante.kernel.vault import SealedFile

PATH = "/api/v1/settings/logo"


def show_logo(tx: ReadTx) -> Logo:
    """The logo's row; `NotFound` while the clinic has none. Open."""
    policy.may_see_logo(tx)
    found = store.logo(tx)
    if found is None:
        raise NotFound("This clinic has no logo")
    return found


def may_keep_logo(tx: ReadTx) -> None:
    """Before a stranger's bytes are read: only who runs the clinic."""
    policy.may_run_clinic(tx)


def keep_logo(tx: WriteTx, sealed: SealedFile, picture: Picture) -> tuple[Logo, str | None]:
    """The new logo, and the file of the one before, which nobody needs any more."""
    policy.may_run_clinic(tx)
    before = store.logo(tx)
    new = Logo(
        file_id=sealed.id,
        sha256=sealed.sha256,
        size=sealed.size,
        width=picture.width,
        height=picture.height,
        version=before.version + 1 if before else int(tx.now.timestamp()),  # above any that was removed
        updated_at=tx.now,
        updated_by=tx.actor.id,
    )
    store.put_logo(tx, new)
    tx.record(LogoChanged(subject="logo", version=new.version))
    return new, before.file_id if before else None


def remove_logo(tx: WriteTx) -> str | None:
    """No logo any more; its file, or None when there was none."""
    policy.may_run_clinic(tx)
    before = store.logo(tx)
    if before is None:
        return None
    store.delete_logo(tx)
    tx.record(LogoChanged(subject="logo", version=before.version, removed=True))
    return before.file_id


def url(tx: ReadTx) -> str | None:
    """For other rooms: where the logo is, with its version, so that a browser may keep it; None while there is none."""
    found = store.logo(tx)
    return f"{PATH}?v={found.version}" if found else None


def named_files(tx: ReadTx) -> list[str]:
    """For the house. The logo's file; what no room names is swept away."""
    return store.named_files(tx)
