"""What the flow's function works with: clients that give up before the caller notices."""

from __future__ import annotations

from dataclasses import dataclass

from scv_voicemail.aws.media import MediaReader
from scv_voicemail.aws.objects import ObjectStore
from scv_voicemail.aws.session import AwsClients
from scv_voicemail.errors import SettingsInvalid
from scv_voicemail.settings import PREFIX, S3Folder, Settings
from scv_voicemail.storage_wiring import telephony_key
from scv_voicemail.target_wiring import TELEPHONY_NEEDS, require
from scv_voicemail.telephony import TelephonyClient

from scv_voicemail_lambdas.deadline import still_waited_for
from scv_voicemail_lambdas.review import Reviews

TIMEOUT_SECONDS = 1.5
CONNECT_TIMEOUT_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowParts:
    """What a call may need. `reviews` is None where the settings name no place for them.

    Salesforce may keep a caller waiting for `answer_seconds`; the flow itself gives up a second later, which a cold
    start needs. A review reads a message as long as it is, and Connect waits 8 seconds for a function at most.
    """

    telephony: TelephonyClient
    reviews: Reviews | None
    default_region: str
    answer_seconds: float = 2.0
    review_seconds: float = 7.0


def flow_parts(settings: Settings, *, aws: AwsClients | None = None) -> FlowParts:
    """The parts that the settings describe. Raises `SettingsInvalid` for what is missing; talks to nobody yet."""
    require(settings, *TELEPHONY_NEEDS)
    quick = aws or AwsClients(
        connect_timeout_seconds=CONNECT_TIMEOUT_SECONDS, read_timeout_seconds=TIMEOUT_SECONDS, tries=2
    )
    return FlowParts(
        telephony=TelephonyClient(
            base_url=settings.telephony_url,
            org_id=settings.org_id,
            call_center=settings.call_center,
            private_key_pem=telephony_key(settings, quick),
            provider_name=settings.provider_name,
            timeout_seconds=TIMEOUT_SECONDS,
            connect_timeout_seconds=CONNECT_TIMEOUT_SECONDS,
            max_tries=1,
            before_sending=still_waited_for,
            allow_plain_http=settings.allow_plain_http,
        ),
        reviews=_reviews(settings.review_location, quick) if settings.review_location else None,
        default_region=settings.default_region,
    )


def _reviews(place: S3Folder, aws: AwsClients) -> Reviews:
    client = aws.client("s3")
    region = client.meta.region_name
    if not region:
        raise SettingsInvalid(f"{PREFIX}REVIEW_LOCATION needs a region", fix="set AWS_REGION")
    return Reviews(media=MediaReader(aws), objects=ObjectStore(client), place=place, region=region)
