"""A request that was sent twice on a bad line is done once (`Idempotency-Key`)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, get_type_hints

import msgspec

from esante.kernel.errors import Conflict
from esante.kernel.transaction import WriteTx

KEPT_FOR = timedelta(hours=24)

_kinds: dict[Callable[..., Any], Any] = {}


class Once(msgspec.Struct, frozen=True):
    """The key that the client chose, and the digest of what it asked (method, path and body)."""

    key: str
    digest: bytes
    kind: Any = None

    def returning(self, command: Callable[..., Any]) -> "Once":
        """With the type that the command promises, so that a kept result can be given again."""
        if command not in _kinds:
            _kinds[command] = get_type_hints(command)["return"]
        return msgspec.structs.replace(self, kind=_kinds[command])


def replay(tx: WriteTx, once: Once) -> tuple[Any] | None:
    """The first result for this actor and key, which may be None itself; None when there is none yet."""
    found: list[Any] = tx.conn.execute(
        "SELECT digest, result FROM idempotency WHERE actor = ? AND key = ? AND created_at > ?",
        (tx.actor.id, once.key, tx.now - KEPT_FOR),
    ).fetchall()
    if not found:
        return None
    digest, result = found[0]
    if digest != once.digest:
        raise Conflict(
            "This Idempotency-Key was used for another request. Use a fresh key for each new request",
            code="IDEMPOTENCY_KEY_REUSED",
        )
    return (msgspec.json.decode(result, type=once.kind),)


def remember(tx: WriteTx, once: Once, actor_id: str, result: Any) -> None:
    """For who asked, even if the command went on as somebody else (at the kiosk, as the patient)."""
    tx.run(
        "INSERT OR REPLACE INTO idempotency (actor, key, digest, result, created_at) VALUES (?, ?, ?, ?, ?)",
        actor_id,
        once.key,
        once.digest,
        msgspec.json.encode(result).decode(),
        tx.now,
    )


def forget_old(tx: WriteTx, nothing: None = None) -> None:
    """The daily sweep of keys older than 24 h. For the house only."""
    tx.run("DELETE FROM idempotency WHERE created_at <= ?", tx.now - KEPT_FOR)
