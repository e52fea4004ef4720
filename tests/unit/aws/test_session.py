"""How boto3 clients are made and shared."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import EndpointConnectionError
from scv_voicemail import fence
from scv_voicemail.aws.session import AwsClients
from scv_voicemail.errors import LeaseLost, Misconfigured, SettingsInvalid

from tests.aws_clients import REGION, a_session

WITHOUT_BOTO3 = """
import sys
sys.modules["boto3"] = sys.modules["botocore"] = None  # as if they were not installed
from scv_voicemail.aws.key_store import StoredKey
from scv_voicemail.aws.session import AwsClients
from scv_voicemail.errors import SettingsInvalid
import scv_voicemail.intake.amazon_connect
try:
    StoredKey("ssm:/key", AwsClients())()
except SettingsInvalid as error:
    print(error)
"""


def test_a_client_is_made_once_however_many_ask() -> None:
    """A client is expensive, and boto3's sessions are not for two threads at a time."""
    with AwsClients(REGION) as clients, ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: clients.client("sqs"), range(16)))

        assert len({id(one) for one in made}) == 1


def test_every_service_may_have_an_address_of_its_own() -> None:
    """The rest goes to the common one; what is given at the call wins."""
    with AwsClients(
        REGION, endpoint_url="http://127.0.0.1:1", endpoint_urls={"connect": "http://127.0.0.1:2"}
    ) as clients:
        addresses = [
            clients.client("sqs").meta.endpoint_url,
            clients.client("connect").meta.endpoint_url,
            clients.at("kinesis-video-media", "http://127.0.0.1:3").meta.endpoint_url,
        ]

    assert addresses == ["http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:3"]


def test_boto3s_own_settings_count_where_nothing_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_SERVICE are how a rehearsal points everything at itself."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4")
    monkeypatch.setenv("AWS_ENDPOINT_URL_CONNECT", "http://127.0.0.1:5")

    with AwsClients() as clients:
        found = clients.client("ssm").meta, clients.client("connect").meta

    assert [one.endpoint_url for one in found] == ["http://127.0.0.1:4", "http://127.0.0.1:5"]
    assert found[0].region_name == "eu-west-1"


def test_time_and_tries_are_bounded() -> None:
    """boto3's own bounds are a minute and five tries, more than a flow or a Lambda has."""
    with AwsClients(REGION, read_timeout_seconds=2.5, tries=2) as clients:
        config = clients.client("ssm").meta.config

    assert (config.connect_timeout, config.read_timeout) == (5.0, 2.5)
    assert config.retries["mode"] == "standard"
    assert config.retries["total_max_attempts"] == 2


def test_after_closing_a_client_is_a_new_one() -> None:
    """A closed one would open its connections again without anybody to close them."""
    clients = AwsClients(REGION)
    first = clients.client("sqs")
    clients.close()

    second = clients.client("sqs")
    clients.close()

    assert second is not first


def test_a_region_that_is_none_is_said_at_once() -> None:
    """Before any request is made."""
    with AwsClients("not a region") as clients, pytest.raises((SettingsInvalid, Misconfigured), match="region"):
        clients.client("sqs")


def test_without_boto3_the_command_that_installs_it_is_named() -> None:
    """And importing alone does not need it."""
    done = subprocess.run([sys.executable, "-c", WITHOUT_BOTO3], capture_output=True, text=True, check=True)

    assert 'pip install "scv-voicemail[aws]"' in done.stdout


@pytest.mark.covers("lease-1")
def test_a_write_to_aws_asks_whether_the_run_is_still_ours() -> None:
    """A transcription job is not begun, and no object written, for a run that another worker has."""

    def lost() -> None:
        raise LeaseLost("the lease has expired")

    with AwsClients(REGION, endpoint_url="http://127.0.0.1:1", session=a_session(), tries=1) as clients:
        job = {"TranscriptionJobName": "a", "Media": {"MediaFileUri": "s3://b/a.wav"}, "LanguageCode": "en-US"}
        with fence.guarded(lost):
            with pytest.raises(LeaseLost):
                clients.client("transcribe").start_transcription_job(**job)
            with pytest.raises(LeaseLost):
                clients.client("s3").put_object(Bucket="b", Key="a.wav", Body=b"")
            with pytest.raises(LeaseLost):
                clients.client("sqs").send_message(QueueUrl="http://127.0.0.1:1/1/q", MessageBody="{}")
            with pytest.raises(EndpointConnectionError):
                clients.client("s3").head_object(Bucket="b", Key="a.wav")
