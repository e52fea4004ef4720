"""What Salesforce refuses, in the form its REST API says it: a status, an error code, a sentence and the fields."""

from __future__ import annotations

from typing import Any


class SalesforceError(Exception):
    """A refusal of the core API; the routes answer it as `[{"message", "errorCode", "fields"}]`."""

    def __init__(self, status: int, code: str, message: str, fields: tuple[str, ...] = ()) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.fields = fields

    def envelope(self) -> list[dict[str, Any]]:
        """The body of the answer."""
        entry: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        return [entry | {"fields": list(self.fields)} if self.fields else entry]


class NotFound(SalesforceError):
    """There is no such record or resource."""

    def __init__(self, message: str = "The requested resource does not exist") -> None:
        super().__init__(404, "NOT_FOUND", message)


class InvalidField(SalesforceError):
    """A field that the object does not have, or that cannot be used like this."""

    def __init__(self, message: str) -> None:
        super().__init__(400, "INVALID_FIELD", message)


class CannotInsert(SalesforceError):
    """An object of which this user may not create records."""

    def __init__(self, label: str) -> None:
        super().__init__(400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type cannot be inserted: {label}")


class InsufficientAccess(SalesforceError):
    """A record that this user may not change or delete."""

    def __init__(self) -> None:
        super().__init__(403, "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")


class InvalidType(SalesforceError):
    """An object that this org does not have."""

    def __init__(self, object_name: str) -> None:
        super().__init__(
            400,
            "INVALID_TYPE",
            f"sObject type '{object_name}' is not supported. If you are attempting to use a custom object, be sure to "
            "append the '__c' after the entity name. Please reference your WSDL or the describe call for the "
            "appropriate names.",
        )


class NotImplementedHere(SalesforceError):
    """Something that Salesforce can do and this emulator cannot; said loudly instead of guessed."""

    def __init__(self, what: str) -> None:
        super().__init__(501, "NOT_IMPLEMENTED", f"the emulator does not do {what}")
