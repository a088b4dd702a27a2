"""What happens in notifications, and the mail that is due."""

from typing import ClassVar

from esante.kernel.structs import Event, Severity
from esante.kernel.transaction import Task


class NotificationsRead(Event, tag="notification.read"):
    """A person has read one (its id) or all (`all`) of their notifications."""

    count: int


class DeliveriesListed(Event, tag="delivery.listed"):
    """An admin looked at what was sent to whom."""

    count: int


class DeliveryFailed(Event, tag="delivery.failed"):
    """A message was given up; the row says why."""

    severity: ClassVar[Severity] = "warning"


class SendMail(Task, tag="notifications.send_mail"):
    """Hand one delivery to the mail server."""

    delivery_id: str
