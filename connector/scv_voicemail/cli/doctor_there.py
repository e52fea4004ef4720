"""What `doctor` looks at on the other side: clock, both logins, and how the org is set up."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from scv_voicemail.cli import doctor_records
from scv_voicemail.cli.finding import Finding, failed, fine, guarded, skipped, warned
from scv_voicemail.cli.output import Exit, exit_code
from scv_voicemail.errors import BadVoicemail, Rejected, SettingsInvalid, VoicemailError
from scv_voicemail.settings import PREFIX, Settings
from scv_voicemail.target_wiring import wants_telephony

if TYPE_CHECKING:
    from scv_voicemail.salesforce import SalesforceClient

SKEW_SECONDS = 60
"""A clock that is off by more is worth a word; the clients correct for it, other software may not."""

OBJECTS = {
    "VoiceCall": ("VendorCallKey", "CallOrigin", "CallDisposition", "CallStartDateTime", "CallEndDateTime"),
    "VoiceCallRecording": ("VoiceCallId",),
    "PendingServiceRouting": ("WorkItemId",),
    "AgentWork": ("WorkItemId", "Status"),
}
"""What the connector reads back, by object."""


def examine(settings: Settings, *, telephony_is_set_up: bool) -> Iterator[Finding]:
    """Every finding, in the order in which they depend on each other."""
    yield from guarded("clock", lambda: _clock(settings))
    if not wants_telephony(settings):
        yield skipped("telephony login", "no target needs it")
    elif telephony_is_set_up:
        yield from guarded("telephony login", lambda: _telephony_login(settings))
    else:
        yield skipped("telephony login", "not tried: mend the failures above first")
    yield from _rest(settings)


def _clock(settings: Settings) -> Iterator[Finding]:
    import httpx

    url = settings.telephony_url or settings.login_url
    if not url:
        return
    try:
        answer = httpx.get(url, timeout=settings.timeout_seconds, follow_redirects=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SettingsInvalid(
            f"{url} does not answer ({type(error).__name__})",
            fix=f"check {PREFIX}{'TELEPHONY' if settings.telephony_url else 'LOGIN'}_URL, DNS, proxy and firewall",
        ) from error
    try:
        skew = (datetime.now(UTC) - parsedate_to_datetime(answer.headers["date"])).total_seconds()
    except (KeyError, ValueError, TypeError):
        yield skipped("clock", "the server sends no usable Date header")
        return
    if abs(skew) > SKEW_SECONDS:
        way = "ahead of" if skew > 0 else "behind"
        yield warned("clock", f"{abs(skew):.0f} s {way} Salesforce's", "set this machine's clock by NTP")
    else:
        yield fine("clock", f"within {SKEW_SECONDS} s of Salesforce's")


def _telephony_login(settings: Settings) -> Iterator[Finding]:
    from scv_voicemail.wiring import telephony_client

    with telephony_client(settings) as client:
        try:
            # Harmless: there is no such call, so there is nothing to clear; but the token is judged first.
            client.clear_routing("scv-voicemail-doctor-no-such-call")
        except Rejected as error:
            if error.status not in (400, 404):
                raise
    yield fine("telephony login", "the contact center accepts the key")


def _rest(settings: Settings) -> Iterator[Finding]:
    from scv_voicemail.target_wiring import REST_NEEDS
    from scv_voicemail.wiring import salesforce_client

    missing = [f"{PREFIX}{name.upper()}" for name in REST_NEEDS if not getattr(settings, name)]
    if not settings.has_rest:
        saw = f"not set: {', '.join(missing)}; without it nothing can be confirmed or verified"
        yield warned("REST login", saw, f"set them, and {PREFIX}OAUTH_KEY_FILE")
        return
    try:
        client = salesforce_client(settings)
        assert client is not None
        usage = client.limits().get("DailyApiRequests", {})
    except VoicemailError as error:
        yield failed("REST login", error.what, error.fix, code=exit_code(error))
        return
    saw = f"{settings.username}; {usage.get('Remaining')} of {usage.get('Max')} daily API requests left"
    if usage and usage.get("Remaining", 1) < usage.get("Max", 0) / 10:
        yield warned("REST login", saw, "raise the org's API limit; voicemails wait when it is used up")
    else:
        yield fine("REST login", saw)
    with contextlib.closing(client):
        for name, check in (("org", _org), *(VOICE_CHECKS if "voice_call" in settings.targets else ())):
            yield from guarded(name, lambda check=check: check(settings, client))  # type: ignore[misc]
        yield from guarded("targets", lambda: doctor_records.examine(settings, client))


def _org(settings: Settings, client: SalesforceClient) -> Iterator[Finding]:
    row = client.query_one("SELECT Id FROM Organization")
    if row is None or str(row["Id"])[:15] == settings.org_id[:15]:
        return
    if not settings.org_id and not wants_telephony(settings):  # only the telephony API asks for it
        return
    saw = f"the REST login belongs to {row['Id']}, the setting says {settings.org_id or 'nothing'}"
    yield failed("org", saw, f"set {PREFIX}ORG_ID to the org's own, or {PREFIX}LOGIN_URL to the other org")


def _contact_center(settings: Settings, client: SalesforceClient) -> Iterator[Finding]:
    row = client.query_one("SELECT Id, Name FROM CallCenter WHERE InternalName = :name", name=settings.call_center)
    if row is None:
        known = ", ".join(str(one["InternalName"]) for one in client.query("SELECT InternalName FROM CallCenter"))
        saw = f"the org has no {settings.call_center!r}; it has: {known or 'none'}"
        yield failed("contact center", saw, f"set {PREFIX}CALL_CENTER to the internal name (not the display name)")
    else:
        yield fine("contact center", str(row["Name"]))


def _objects(_settings: Settings, client: SalesforceClient) -> Iterator[Finding]:
    readable = []
    for name, columns in OBJECTS.items():
        check, permission = f"object {name}", "the integration user's permission set"
        try:
            fields = {field["name"]: field for field in client.describe(name)["fields"]}
        except Rejected:
            saw = f"the integration user cannot see {name}"
            yield failed(check, saw, f"grant Read in {permission}", code=Exit.REFUSED)
            continue
        hidden = [f"{name}.{column}" for column in columns if column not in fields]
        values = {value["value"] for value in fields.get("CallOrigin", {}).get("picklistValues", [])}
        if hidden:
            saw = f"the integration user cannot see {', '.join(hidden)}"
            yield failed(check, saw, f"grant read access to these fields in {permission}", code=Exit.REFUSED)
        elif name == "VoiceCall" and values and "Voicemail" not in values:
            saw = "CallOrigin has no value Voicemail"
            yield failed(check, saw, "turn Voice on for this org; check SCV_VOICEMAIL_API_VERSION")
        else:
            readable.append(name)
    if readable:
        yield fine("objects", f"readable: {', '.join(readable)}")


def _phone_channel(settings: Settings, client: SalesforceClient) -> Iterator[Finding]:
    try:
        row = _channel(settings, client)
    except VoicemailError as error:
        if error.code != "INVALID_TYPE":
            raise
        # An object of Setup, which no object permission opens: least rights are no failure, but nothing was looked at.
        reason = "the REST user has no View Setup and Configuration; look at the number's voicemail flow and fallback"
        yield skipped("phone channel", f"{reason} queue in Setup, Contact Centers, Contact Center Channels")
        return
    if row is None:
        number = settings.dialed_number
        if not number:
            return
        if settings.flow_dev_name or settings.fallback_queue:
            fix = "none, as long as the flow or fallback queue of the settings is meant"
            yield warned("phone channel", f"no phone channel has the number {number}", fix)
        else:
            fix = f"Setup, Contact Centers: add it; or set {PREFIX}FLOW_DEV_NAME or {PREFIX}FALLBACK_QUEUE"
            yield failed("phone channel", f"no phone channel has the number {number}", fix)
    elif not row["VoicemailHandler"] and not row["VoicemailFallbackQueueId"]:
        fix = "Setup, Contact Centers, Contact Center Channels: choose both for the number"
        yield failed("phone channel", "neither voicemail flow nor fallback queue", fix)
    elif not row["VoicemailFallbackQueueId"]:
        fix = "choose a fallback queue for voicemails: it takes the voicemail when the flow fails"
        yield warned("phone channel", "a voicemail flow, but no fallback queue", fix)
    else:
        both = "voicemail flow and fallback queue chosen"
        yield fine("phone channel", both if row["VoicemailHandler"] else "fallback queue chosen, no voicemail flow")


def _queue_mapping(settings: Settings, client: SalesforceClient) -> Iterator[Finding]:
    try:
        row = _channel(settings, client)
    except VoicemailError:  # told by the phone channel's own check
        row = None
    queue_id = row["VoicemailFallbackQueueId"] if row else None
    if queue_id is None and settings.fallback_queue:
        queue = client.query_one(
            "SELECT Id FROM Group WHERE Type = 'Queue' AND DeveloperName = :name", name=settings.fallback_queue
        )
        if queue is None:
            fix = f"set {PREFIX}FALLBACK_QUEUE to a queue's developer name"
            yield failed("queue mapping", f"the org has no queue {settings.fallback_queue!r}", fix)
            return
        queue_id = queue["Id"]
    if queue_id is None:
        yield skipped("queue mapping", "no fallback queue to look at")
    elif client.query("SELECT Id FROM CallCenterRoutingMap WHERE ReferenceRecordId = :queue", queue=queue_id):
        yield fine("queue mapping", "the fallback queue is mapped")
    else:
        saw = "the fallback queue is not mapped to a queue of the telephony system: routing to it fails"
        yield failed("queue mapping", saw, "Setup, Contact Centers: map it; it may take up to 24 h to work")


VOICE_CHECKS = (
    ("contact center", _contact_center),
    ("objects", _objects),
    ("phone channel", _phone_channel),
    ("queue mapping", _queue_mapping),
)
"""What matters only when VoiceCalls are made."""


def _channel(settings: Settings, client: SalesforceClient) -> dict[str, Any] | None:
    """The phone channel of the dialed number of the settings."""
    from scv_voicemail.phone_numbers import to_e164

    try:
        number = to_e164(settings.dialed_number, default_region=settings.default_region)
    except BadVoicemail:  # said already, or not set
        return None
    return client.query_one(
        "SELECT Id, VoicemailHandler, VoicemailFallbackQueueId FROM ContactCenterChannel"
        " WHERE Channel.MessagingPlatformKey = :number",
        number=number,
    )
