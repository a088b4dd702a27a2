"""What one can do with notifications, and what the house does to tell people."""

from datetime import datetime

from esante.identity.service import confirmation_secrets, contact
from esante.identity.structs import AccountContact
from esante.kernel.errors import NotFound
from esante.kernel.i18n import translate
from esante.kernel.structs import AccountId, Page, decode_cursor, encode_cursor, new_id
from esante.kernel.transaction import LookTx, ReadTx, WriteTx
from esante.notifications import policy, store
from esante.notifications.events import DeliveriesListed, DeliveryFailed, NotificationsRead, SendMail
from esante.notifications.structs import (
    Delivery,
    DeliveryId,
    DeliveryState,
    Letter,
    NewNotification,
    Notification,
    NotificationId,
    Priority,
    UnreadCount,
)
from esante.scheduling.kiosk import service as kiosk
from esante.scheduling.kiosk.structs import KioskVisitId

ONE_TIME_LETTERS = {
    "confirm": (
        "Confirm your address",
        "Welcome. To confirm your address, open this link within 24 hours:\n\n{link}\n\nor type this code within"
        " 10 minutes: {code}\n\nIf it was not you who registered, ignore this message.",
    ),
    "reset": (
        "Choose a new password",
        "To choose a new password, open this link within one hour:\n\n{link}\n\nor type this code within 10 minutes:"
        " {code}\n\nIf it was not you who asked, ignore this message: your password stays as it is.",
    ),
    "kiosk": (
        "Your code for the clinic's kiosk",
        "Type this code at the kiosk within 10 minutes: {code}\n\nIf it was not you who asked, ignore this message.",
    ),
}


def list_notifications(tx: ReadTx, cursor: str | None, limit: int, *, unread: bool = False) -> Page[Notification]:
    """One's own notifications, newest first."""
    policy.may_read_own(tx)
    key = decode_cursor(cursor, 1)
    found = store.notifications(tx, tx.actor.id, key[0] if key else None, limit + 1, unread=unread)
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].id) if len(found) > limit else None)


def unread_count(tx: ReadTx) -> UnreadCount:
    """How many of one's own wait."""
    policy.may_read_own(tx)
    return UnreadCount(unread=store.count_unread(tx, tx.actor.id))


def mark_read(tx: WriteTx, id: NotificationId) -> Notification:
    """Mark one as read; again is fine. Somebody else's is not found."""
    policy.may_read_own(tx)
    store.notification(tx, tx.actor.id, id)
    if store.mark_read(tx, tx.actor.id, id):
        tx.record(NotificationsRead(subject=id, count=1))
    return store.notification(tx, tx.actor.id, id)


def mark_all_read(tx: WriteTx) -> UnreadCount:
    """Mark all of one's own as read."""
    policy.may_read_own(tx)
    if count := store.mark_all_read(tx, tx.actor.id):
        tx.record(NotificationsRead(subject="all", count=count))
    return UnreadCount(unread=0)


def list_deliveries(tx: LookTx, state: DeliveryState | None, cursor: str | None, limit: int) -> Page[Delivery]:
    """What was sent, to which account, and with what result; admins only."""
    policy.may_see_deliveries(tx)
    key = decode_cursor(cursor, 1)
    found = store.deliveries(tx, state, key[0] if key else None, limit + 1)
    tx.record(DeliveriesListed(subject="deliveries", count=len(found[:limit])))
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].id) if len(found) > limit else None)


# ------------------------------------------------------------------ for the house


def tell(
    tx: WriteTx, to: AccountContact, kind: str, priority: Priority, title: str, body: str, subject: str, **values: str
) -> None:
    """For the house: keep a notification in the person's language, and mail it when they have an address and it is not low."""
    notification = NewNotification(
        id=NotificationId(new_id()),
        account_id=to.account_id,
        kind=kind,
        priority=priority,
        title=translate(to.language, title, **values),
        body=translate(to.language, body, **values),
        subject=subject,
        created_at=tx.now,
    )
    store.insert_notification(tx, notification)
    if to.email and priority != "low":
        _queue_mail(tx, to.account_id, kind, subject=subject, notification_id=notification.id)


def send_one_time(tx: WriteTx, account_id: AccountId, kind: str, one_time_id: str) -> None:
    """For the house: mail the link and the code of a one-time row; neither is stored here."""
    _queue_mail(tx, account_id, kind, one_time_id=one_time_id)


def forget_account(tx: WriteTx, account_id: str) -> None:
    """For the house: an account that never did anything is removed, and what it was told."""
    store.forget_account(tx, account_id)


def begin_delivery(tx: WriteTx, id: DeliveryId) -> Letter | None:
    """For the house: the mail to be sent now; None when it was sent already, or can no longer be of use."""
    try:
        delivery = store.delivery(tx, id)
    except NotFound:  # the account is gone, and what was to be said to it
        return None
    if delivery.state == "sent":
        return None
    try:
        letter = _compose(tx, delivery)
    except NotFound:
        letter = None
    if letter is None:
        store.set_delivery_state(tx, id, "suppressed", "the address or the link is no longer valid", tried=False)
        return None
    store.set_delivery_state(tx, id, "sending", None, tried=True)
    return letter


def end_delivery(tx: WriteTx, id: DeliveryId) -> None:
    """For the house: the mail server has taken it."""
    store.set_delivery_state(tx, id, "sent", None, tried=False, sent_at=tx.now)


def postpone_delivery(tx: WriteTx, id: DeliveryId, error: str) -> None:
    """For the house: it did not work, it is tried again."""
    store.set_delivery_state(tx, id, "queued", error, tried=False)


def fail_delivery(tx: WriteTx, id: DeliveryId, error: str) -> None:
    """For the house: given up, with the reason."""
    store.set_delivery_state(tx, id, "failed", error, tried=False)
    tx.record(DeliveryFailed(subject=id))


def suppress_old(tx: WriteTx, before: datetime) -> None:
    """For the house: mails that waited since before then are not sent; the clinic begins again from a backup."""
    store.suppress_old(tx, before, "older than the backup's restore by two hours or more")


def _queue_mail(
    tx: WriteTx,
    account_id: AccountId,
    kind: str,
    *,
    subject: str | None = None,
    notification_id: NotificationId | None = None,
    one_time_id: str | None = None,
) -> None:
    delivery = Delivery(
        id=DeliveryId(new_id()),
        notification_id=notification_id,
        account_id=account_id,
        channel="email",
        kind=kind,
        one_time_id=one_time_id,
        subject=subject,
        state="queued",
        tries=0,
        error=None,
        sent_at=None,
        created_at=tx.now,
        updated_at=tx.now,
    )
    store.insert_delivery(tx, delivery)
    tx.later(SendMail(delivery_id=delivery.id))


def _compose(tx: ReadTx, delivery: Delivery) -> Letter | None:
    to = contact(tx, delivery.account_id)
    if to.email is None:
        return None
    if delivery.notification_id:
        kept = store.any_notification(tx, delivery.notification_id)
        return Letter(delivery=delivery, recipient=to.email, language=to.language, subject=kept.title, body=kept.body)
    if delivery.one_time_id is None:
        return None
    title, body = ONE_TIME_LETTERS[delivery.kind]
    if delivery.kind == "kiosk":
        link, code = "", kiosk.pending_code(tx, KioskVisitId(delivery.one_time_id))
    else:
        secrets = confirmation_secrets(tx, delivery.one_time_id)
        link, code = f"{delivery.kind}?token={secrets.token}", secrets.code
    if code is None:
        return None
    return Letter(
        delivery=delivery,
        recipient=to.email,
        language=to.language,
        subject=translate(to.language, title),
        body=translate(to.language, body, link="{base}/" + link, code=code),
    )
