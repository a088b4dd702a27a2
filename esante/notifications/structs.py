"""Notifications and their deliveries."""

from datetime import datetime
from typing import Literal, NewType

from esante.kernel.structs import AccountId, Kept

NotificationId = NewType("NotificationId", str)
DeliveryId = NewType("DeliveryId", str)

Priority = Literal["low", "medium", "high", "urgent"]
DeliveryState = Literal["queued", "sending", "sent", "failed", "suppressed"]


class Notification(Kept):
    """What a person sees in the app, in their language; `subject` is the id of what it is about."""

    id: NotificationId
    kind: str
    priority: Priority
    title: str
    body: str
    subject: str | None
    read_at: datetime | None
    created_at: datetime


class NewNotification(Kept):
    """A notification to be kept."""

    id: NotificationId
    account_id: AccountId
    kind: str
    priority: Priority
    title: str
    body: str
    subject: str | None
    created_at: datetime


class UnreadCount(Kept):
    """How many notifications wait to be read."""

    unread: int


class Delivery(Kept):
    """One message to one person outside the app. `sent` means that the mail server has taken it; `error` says why not."""

    id: DeliveryId
    notification_id: NotificationId | None
    account_id: AccountId
    channel: Literal["email"]
    kind: str
    one_time_id: str | None
    subject: str | None
    state: DeliveryState
    tries: int
    error: str | None
    sent_at: datetime | None
    created_at: datetime
    updated_at: datetime


class Letter(Kept):
    """A mail, ready to be sent; its Message-ID is the delivery's, so a repeat is recognised as one."""

    delivery: Delivery
    recipient: str
    language: str
    subject: str
    body: str
