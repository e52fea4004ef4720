"""The contacts, users and queues of the local Amazon Connect instance."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from scv_emulator.connect.ports import SimulatedContact

ATTRIBUTES_LIMIT_BYTES = 32_768
"""What all attributes of a contact may weigh together, see "Amazon Connect service quotas"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectUser:
    """A rep with a login in Amazon Connect."""

    user_id: str
    username: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectQueue:
    """A queue that contacts wait in."""

    queue_id: str
    name: str


class AttributesTooLarge(ValueError):
    """The attributes of a contact outgrow what Amazon Connect keeps."""


class Contacts:
    """Every contact there was; safe to use from several threads.

    `changed_after_call` is told of a contact whose attributes changed when the call was over: Amazon Connect then
    sends its contact record again, with a new `LastUpdateTimestamp`.
    """

    def __init__(
        self,
        *,
        instance_arn: str,
        now: Callable[[], datetime],
        changed_after_call: Callable[[SimulatedContact], None] = lambda _contact: None,
    ) -> None:
        self.instance_arn = instance_arn
        self.instance_id = instance_arn.rpartition("/")[2]
        self.users: dict[str, ConnectUser] = {}
        self.queues: dict[str, ConnectQueue] = {}
        self._now = now
        self._changed_after_call = changed_after_call
        self._contacts: dict[str, SimulatedContact] = {}
        self._lock = threading.RLock()

    def add(self, contact: SimulatedContact) -> None:
        """Know a contact from now on."""
        with self._lock:
            self._contacts[contact.contact_id] = contact

    def find(self, contact_id: str) -> SimulatedContact | None:
        """The contact of this id."""
        with self._lock:
            return self._contacts.get(contact_id)

    def all(self) -> list[SimulatedContact]:
        """Every contact, oldest first."""
        with self._lock:
            return list(self._contacts.values())

    def add_user(self, user: ConnectUser) -> str:
        """Know a rep; the ARN."""
        self.users[user.user_id] = user
        return f"{self.instance_arn}/agent/{user.user_id}"

    def add_queue(self, queue: ConnectQueue) -> str:
        """Know a queue; the ARN."""
        self.queues[queue.queue_id] = queue
        return f"{self.instance_arn}/queue/{queue.queue_id}"

    def update_attributes(self, contact: SimulatedContact, attributes: dict[str, str]) -> None:
        """Add to a contact's attributes, or replace them by name."""
        with self._lock:
            merged = contact.attributes | attributes
            if sum(len(name.encode()) + len(value.encode()) for name, value in merged.items()) > ATTRIBUTES_LIMIT_BYTES:
                raise AttributesTooLarge(f"the attributes are larger than {ATTRIBUTES_LIMIT_BYTES} bytes")
            contact.attributes.update(attributes)
            over = contact.disconnected_at is not None
            if over:
                contact.updated_at = self._now()
        if over:
            self._changed_after_call(contact)
