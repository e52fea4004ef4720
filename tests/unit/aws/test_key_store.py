"""Private keys that AWS keeps."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from scv_voicemail.aws.key_store import StoredKey
from scv_voicemail.aws.session import AwsClients
from scv_voicemail.errors import PermissionMissing, SettingsInvalid, Unavailable

PEM = "-----BEGIN PRIVATE KEY-----\nMIIfirst\n-----END PRIVATE KEY-----"
ROTATED = PEM.replace("first", "second")


class Seconds:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class FakeParameters:
    """An SSM that counts, and fails as told."""

    def __init__(self, value: str = PEM) -> None:
        self.value = value
        self.fails: Exception | None = None
        self.asked = 0

    def client(self, service: str) -> Any:
        assert service == "ssm"
        return self

    def get_parameter(self, **request: Any) -> dict[str, Any]:
        assert request == {"Name": "/scv/key", "WithDecryption": True}
        self.asked += 1
        if self.fails:
            raise self.fails
        return {"Parameter": {"Value": self.value}}


def a_key(parameters: FakeParameters, seconds: Seconds | None = None) -> StoredKey:
    return StoredKey("ssm:/scv/key", parameters, seconds=300, monotonic=seconds or Seconds())  # type: ignore[arg-type]


def test_a_parameter_is_decrypted(moto_clients: AwsClients) -> None:
    """A SecureString of the Parameter Store."""
    moto_clients.client("ssm").put_parameter(Name="/scv/key", Value=f"{PEM}\n", Type="SecureString")

    assert StoredKey("ssm:/scv/key", moto_clients)() == PEM


@pytest.mark.parametrize("kept", [{"SecretString": PEM}, {"SecretBinary": PEM.encode()}])
def test_a_secret_may_be_text_or_a_file(moto_clients: AwsClients, kept: dict[str, Any]) -> None:
    """`create-secret --secret-binary fileb://key.pem` is what people do."""
    moto_clients.client("secretsmanager").create_secret(Name="scv/key", **kept)

    assert StoredKey("secretsmanager:scv/key", moto_clients)() == PEM


def test_line_breaks_may_be_written_out() -> None:
    """A PEM that was pasted from a JSON file."""
    assert a_key(FakeParameters(PEM.replace("\n", "\\n")))() == PEM


def test_the_key_is_read_once_and_again_when_its_time_is_over() -> None:
    """A thousand tokens cost one request."""
    parameters, seconds = FakeParameters(), Seconds()
    key = a_key(parameters, seconds)

    found = [key(), key()]
    parameters.value = ROTATED
    seconds.now += 299
    found.append(key())
    seconds.now += 2
    found.append(key())

    assert found == [PEM, PEM, PEM, ROTATED]
    assert parameters.asked == 2


def test_a_rotated_key_is_there_at_once_after_forgetting() -> None:
    """Salesforce has refused the old one: nobody waits for five minutes."""
    parameters = FakeParameters()
    key = a_key(parameters)
    key()
    parameters.value = ROTATED

    key.forget()

    assert key() == ROTATED


def test_while_aws_does_not_answer_the_last_key_goes_on() -> None:
    """An outage of the Parameter Store does not stop deliveries."""
    parameters, seconds = FakeParameters(), Seconds()
    key = a_key(parameters, seconds)
    key()
    parameters.fails = EndpointConnectionError(endpoint_url="https://ssm.example.com")
    seconds.now += 301

    assert key() == PEM


def test_a_key_that_was_refused_is_not_used_again_in_an_outage() -> None:
    """It would turn a short outage into voicemails that wait for a human."""
    parameters = FakeParameters()
    key = a_key(parameters)
    key()
    parameters.fails = EndpointConnectionError(endpoint_url="https://ssm.example.com")

    key.forget()

    with pytest.raises(Unavailable):
        key()


def test_a_key_that_is_not_there_is_a_setting(moto_clients: AwsClients) -> None:
    """In both places, by name."""
    with pytest.raises(SettingsInvalid, match="no key at ssm:/none"):
        StoredKey("ssm:/none", moto_clients)()
    with pytest.raises(SettingsInvalid, match="no key at secretsmanager:none"):
        StoredKey("secretsmanager:none", moto_clients)()


def test_a_missing_right_names_the_action() -> None:
    """Also when it is the key of KMS that may not be used."""
    parameters = FakeParameters()
    said = "User: arn:aws:sts::1:assumed-role/x is not authorized to perform: kms:Decrypt on the resource"
    parameters.fails = ClientError({"Error": {"Code": "AccessDeniedException", "Message": said}}, "GetParameter")

    with pytest.raises(PermissionMissing, match="allow kms:Decrypt"):
        a_key(parameters)()


@pytest.mark.parametrize(
    ("kept", "what"),
    [
        ("  ", "is empty"),
        ('{"privateKey": "MIIsecret"}', "holds JSON"),
        ("MIIsecret", "holds no private key in PEM"),
        ("-----BEGIN CERTIFICATE-----\nMIIsecret\n-----END CERTIFICATE-----", "holds no private key in PEM"),
    ],
)
def test_what_is_no_key_is_refused_without_being_shown(kept: str, what: str) -> None:
    """Somebody may have put the password of the key store there."""
    with pytest.raises(SettingsInvalid, match=what) as caught:
        a_key(FakeParameters(kept))()

    assert "MIIsecret" not in f"{caught.value} {caught.value.__cause__}"


def test_a_key_does_not_show_itself() -> None:
    """Neither in a log nor in a traceback with locals."""
    key = a_key(FakeParameters())
    key()

    assert repr(key) == "StoredKey(ssm:/scv/key)"


@pytest.mark.parametrize("source", ["", "ssm", "ssm:", "file:/etc/key.pem", "/scv/key"])
def test_a_place_that_is_none_is_refused_at_once(source: str) -> None:
    """Not at the first voicemail."""
    with pytest.raises(SettingsInvalid):
        StoredKey(source, AwsClients())
