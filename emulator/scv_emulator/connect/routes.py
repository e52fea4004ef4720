"""HTTP of the local Amazon Connect API: contacts, attributes, users and queues. What else there is answers 501."""

from __future__ import annotations

from typing import NoReturn

from scv_emulator.aws_services import AwsAnswer, AwsError, AwsRequest, RestService, json_answer
from scv_emulator.connect.contact_records import described_contact
from scv_emulator.connect.contacts import AttributesTooLarge, Contacts
from scv_emulator.connect.ports import SimulatedContact


def connect_service(contacts: Contacts) -> RestService:
    """The part of the Amazon Connect API that a voicemail connector needs."""
    api = _Api(contacts)
    return RestService(
        "Amazon Connect",
        [
            ("GET", "/contacts/{instance}/{contact}", "DescribeContact", api.describe_contact),
            ("GET", "/contact/attributes/{instance}/{contact}", "GetContactAttributes", api.get_attributes),
            ("POST", "/contact/attributes", "UpdateContactAttributes", api.update_attributes),
            ("GET", "/users/{instance}/{user}", "DescribeUser", api.describe_user),
            ("GET", "/queues/{instance}/{queue}", "DescribeQueue", api.describe_queue),
        ],
    )


class _Api:
    def __init__(self, contacts: Contacts) -> None:
        self._contacts = contacts

    def describe_contact(self, _request: AwsRequest, *, instance: str, contact: str) -> AwsAnswer:
        return json_answer({"Contact": described_contact(self._contact(instance, contact), self._contacts)})

    def get_attributes(self, _request: AwsRequest, *, instance: str, contact: str) -> AwsAnswer:
        return json_answer({"Attributes": dict(self._contact(instance, contact).attributes)})

    def update_attributes(self, request: AwsRequest) -> AwsAnswer:
        body = request.json()
        attributes = body.get("Attributes")
        if not isinstance(attributes, dict) or not all(isinstance(one, str) for one in attributes.values()):
            raise AwsError("InvalidParameterException", "Attributes: expected a map of texts")
        contact = self._contact(str(body.get("InstanceId", "")), str(body.get("InitialContactId", "")))
        try:
            self._contacts.update_attributes(contact, attributes)
        except AttributesTooLarge as error:
            raise AwsError("InvalidRequestException", str(error)) from error
        return json_answer({})

    def describe_user(self, _request: AwsRequest, *, instance: str, user: str) -> AwsAnswer:
        self._check_instance(instance)
        found = self._contacts.users.get(user.rpartition("/")[2])
        if found is None:
            _not_found("user")
        name = {"FirstName": found.first_name, "LastName": found.last_name, "Email": found.email}
        return json_answer(
            {
                "User": {
                    "Id": found.user_id,
                    "Arn": f"{self._contacts.instance_arn}/agent/{found.user_id}",
                    "Username": found.username,
                    "IdentityInfo": name,
                }
            }
        )

    def describe_queue(self, _request: AwsRequest, *, instance: str, queue: str) -> AwsAnswer:
        self._check_instance(instance)
        found = self._contacts.queues.get(queue.rpartition("/")[2])
        if found is None:
            _not_found("queue")
        arn = f"{self._contacts.instance_arn}/queue/{found.queue_id}"
        described = {"Name": found.name, "QueueArn": arn, "QueueId": found.queue_id, "Status": "ENABLED"}
        return json_answer({"Queue": described})

    def _contact(self, instance: str, contact_id: str) -> SimulatedContact:
        self._check_instance(instance)
        found = self._contacts.find(contact_id)
        if found is None:
            _not_found("contact")
        return found

    def _check_instance(self, instance: str) -> None:
        if instance.rpartition("/")[2] != self._contacts.instance_id:
            _not_found("instance")


def _not_found(what: str) -> NoReturn:
    raise AwsError("ResourceNotFoundException", f"there is no such {what}", status=404)
