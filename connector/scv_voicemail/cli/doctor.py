"""`doctor`: looks at everything a voicemail will need, and says for each finding how to mend it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import typer

from scv_voicemail.cli.deliver import AsJson
from scv_voicemail.cli.output import Exit, Options, emit, exit_code, show_table, told
from scv_voicemail.errors import Rejected, SettingsInvalid, VoicemailError
from scv_voicemail.settings import PREFIX, Settings, load

if TYPE_CHECKING:
    from scv_voicemail.salesforce import SalesforceClient

OK, WARN, FAIL, SKIP = "ok", "warn", "fail", "skip"

SKEW_SECONDS = 60
"""A clock that is off by more is worth a word; the clients correct for it, other software may not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    check: str
    verdict: str
    saw: str
    fix: str = ""
    exit: Exit = Exit.FAILED


Check = Callable[[], Iterator[Finding]]


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("doctor", epilog="Example: scv-voicemail doctor --json")(doctor)


def doctor(context: typer.Context, as_json: AsJson = False) -> None:
    """Check settings, keys, clock, both logins, contact center, dialed number and queue mapping. Changes nothing."""
    options: Options = context.obj
    with told(options, as_json=as_json):
        findings = list(examine(load()))
        failed = [finding for finding in findings if finding.verdict == FAIL]
        warned = [finding for finding in findings if finding.verdict == WARN]
        code = failed[0].exit if failed else Exit.WARNINGS if warned else Exit.DONE
        if as_json:
            emit({"exit": int(code), "findings": [asdict(finding) for finding in findings]})
        else:
            show_table(
                f"{len(findings)} checks, {len(failed)} failed, {len(warned)} warnings",
                ("", "check", "saw", "fix"),
                [(finding.verdict, finding.check, finding.saw, finding.fix) for finding in findings],
            )
        raise typer.Exit(code)


def examine(settings: Settings) -> Iterator[Finding]:
    """Every finding, in the order in which they depend on each other."""
    yield from _guarded("settings", lambda: _settings(settings))
    yield from _guarded("private key", lambda: _keys(settings))
    yield from _guarded("journal", lambda: _journal(settings))
    yield from _guarded("clock", lambda: _clock(settings))
    yield from _guarded("telephony login", lambda: _telephony_login(settings))
    yield from _rest(settings)


def _guarded(check: str, run: Check) -> Iterator[Finding]:
    try:
        yield from run()
    except VoicemailError as error:
        yield Finding(check=check, verdict=FAIL, saw=error.what, fix=error.fix, exit=exit_code(error))


# ---------------------------------------------------------------------------------------------------- on this machine


def _settings(settings: Settings) -> Iterator[Finding]:
    needed = ("telephony_url", "org_id", "call_center", "recording_url")
    missing = [f"{PREFIX}{name.upper()}" for name in needed if not getattr(settings, name)]
    if missing:
        yield _configuration("settings", f"not set: {', '.join(missing)}", "set them in the environment or in .env")
    else:
        yield Finding(check="settings", verdict=OK, saw=f"contact center {settings.call_center} of {settings.org_id}")
    if not settings.org_id.startswith("00D") or len(settings.org_id) not in (15, 18):
        yield _configuration("org id", f"{settings.org_id!r}", "the org id begins with 00D and has 15 or 18 characters")
    if settings.recording_url:
        from scv_voicemail.intake.recordings import RecordingStore

        RecordingStore(
            settings.recordings_dir, location=settings.recording_url, allow_plain_http=settings.allow_plain_http
        )
        yield Finding(check="recording address", verdict=OK, saw="lasting, within Salesforce's 1,000 characters")
    if not settings.dialed_number:
        yield Finding(
            check="dialed number",
            verdict=WARN,
            saw=f"{PREFIX}DIALED_NUMBER is not set",
            fix="set it, so that doctor can check its phone channel and voicemails may leave it out",
        )


def _keys(settings: Settings) -> Iterator[Finding]:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(settings.telephony_key().encode(), password=None)
    except (ValueError, TypeError) as error:
        raise SettingsInvalid(
            "the telephony private key is not an unencrypted PEM key", fix="scv-voicemail keys generate"
        ) from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise SettingsInvalid("the telephony private key is not RSA", fix="scv-voicemail keys generate")
    small = key.key_size < 2048
    yield Finding(
        check="private key",
        verdict=WARN if small else OK,
        saw=f"RSA, {key.key_size} bits",
        fix="make a new one of 2048 bits: scv-voicemail keys generate" if small else "",
    )
    if settings.private_key_file and settings.private_key_file.stat().st_mode & 0o077:
        fix = f"chmod 600 {settings.private_key_file}"
        yield Finding(check="private key file", verdict=WARN, saw="others may read it", fix=fix)
    if settings.certificate_file is None:
        fix = f"set {PREFIX}CERTIFICATE_FILE to the certificate that the contact center holds"
        yield Finding(check="certificate", verdict=SKIP, saw="none given", fix=fix)
        return
    try:
        certificate = x509.load_pem_x509_certificate(settings.certificate_file.read_bytes())
    except (OSError, ValueError) as error:
        raise SettingsInvalid(
            f"{settings.certificate_file} is no certificate in PEM", fix="correct the path"
        ) from error
    if certificate.public_key() != key.public_key():
        yield _configuration(
            "certificate", "it belongs to another key", "paste the certificate of this key into the contact center"
        )
        return
    left = certificate.not_valid_after_utc - datetime.now(UTC)
    if left < timedelta(0):
        yield _configuration("certificate", "it has expired", "make a new pair and renew it in the contact center")
    else:
        soon = left < timedelta(days=30)
        fix = "make a new pair and renew it in the contact center" if soon else ""
        yield Finding(check="certificate", verdict=WARN if soon else OK, saw=f"valid for {left.days} days", fix=fix)


def _journal(settings: Settings) -> Iterator[Finding]:
    from scv_voicemail.ports import RunState
    from scv_voicemail.wiring import open_journal

    with contextlib.closing(open_journal(settings)) as journal:
        counts = journal.counts()
    parked = counts[RunState.PARKED]
    yield Finding(
        check="journal",
        verdict=WARN if parked else OK,
        saw=", ".join(f"{state.value} {number}" for state, number in counts.items()),
        fix="scv-voicemail status --state parked, then scv-voicemail retry ID" if parked else "",
    )


# ------------------------------------------------------------------------------------------------ on the other side


def _clock(settings: Settings) -> Iterator[Finding]:
    import httpx

    if not settings.telephony_url:
        return
    try:
        answer = httpx.get(settings.telephony_url, timeout=settings.timeout_seconds, follow_redirects=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SettingsInvalid(
            f"{settings.telephony_url} does not answer: {type(error).__name__}",
            fix=f"check {PREFIX}TELEPHONY_URL, DNS, proxy and firewall",
        ) from error
    try:
        skew = (datetime.now(UTC) - parsedate_to_datetime(answer.headers["date"])).total_seconds()
    except (KeyError, ValueError):
        yield Finding(check="clock", verdict=SKIP, saw="the server sends no usable Date header")
        return
    off = abs(skew) > SKEW_SECONDS
    fix = "set this machine's clock by NTP" if off else ""
    yield Finding(check="clock", verdict=WARN if off else OK, saw=f"{skew:+.0f} s beside Salesforce", fix=fix)


def _telephony_login(settings: Settings) -> Iterator[Finding]:
    from scv_voicemail.wiring import telephony_client

    with telephony_client(settings) as client:
        try:
            # Harmless: there is no such call, so there is nothing to clear; but the token is judged first.
            client.clear_routing("scv-voicemail-doctor-no-such-call")
        except Rejected as error:
            if error.status not in (400, 404):
                raise
    yield Finding(check="telephony login", verdict=OK, saw="the contact center accepts the key")


def _rest(settings: Settings) -> Iterator[Finding]:
    from scv_voicemail.wiring import salesforce_client

    if not settings.has_rest:
        yield Finding(
            check="REST login",
            verdict=WARN,
            saw="not configured: nothing can be confirmed or verified",
            fix=f"set {PREFIX}LOGIN_URL, {PREFIX}CLIENT_ID, {PREFIX}USERNAME and {PREFIX}OAUTH_KEY_FILE",
        )
        return
    try:
        client = salesforce_client(settings)
        assert client is not None
        usage = client.limits().get("DailyApiRequests", {})
    except VoicemailError as error:
        yield Finding(check="REST login", verdict=FAIL, saw=error.what, fix=error.fix, exit=exit_code(error))
        return
    used_up = bool(usage) and usage.get("Remaining", 1) < usage.get("Max", 0) / 10
    yield Finding(
        check="REST login",
        verdict=WARN if used_up else OK,
        saw=f"{settings.username}; daily API requests left: {usage.get('Remaining')} of {usage.get('Max')}",
        fix="raise the org's API limit; voicemails wait when it is used up" if used_up else "",
    )
    with contextlib.closing(client):
        for name, check in (
            ("contact center", _contact_center),
            ("objects", _objects),
            ("phone channel", _phone_channel),
            ("queue mapping", _queue_mapping),
        ):
            yield from _guarded(name, lambda check=check: check(settings, client))  # type: ignore[misc]


def _contact_center(settings: Settings, client: SalesforceClient) -> Iterator[Finding]:
    row = client.query_one("SELECT Id, Name FROM CallCenter WHERE InternalName = :name", name=settings.call_center)
    if row is None:
        known = ", ".join(str(one["InternalName"]) for one in client.query("SELECT InternalName FROM CallCenter"))
        yield _configuration(
            "contact center",
            f"the org has no {settings.call_center!r}; it has: {known or 'none'}",
            f"set {PREFIX}CALL_CENTER to the internal name (not the display name)",
        )
    else:
        yield Finding(check="contact center", verdict=OK, saw=str(row["Name"]))


def _objects(_settings: Settings, client: SalesforceClient) -> Iterator[Finding]:
    needed = {
        "VoiceCall": ("VendorCallKey", "CallOrigin", "CallDisposition", "CallStartDateTime", "CallEndDateTime"),
        "VoiceCallRecording": ("VoiceCallId",),
        "PendingServiceRouting": ("WorkItemId",),
        "AgentWork": ("WorkItemId", "Status"),
    }
    for name, columns in needed.items():
        fields = {field["name"]: field for field in client.describe(name)["fields"]}
        hidden = [column for column in columns if column not in fields]
        if hidden:
            yield Finding(
                check=f"object {name}",
                verdict=FAIL,
                saw=f"the integration user cannot see {', '.join(hidden)}",
                fix="grant read access to these fields in its permission set",
                exit=Exit.REFUSED,
            )
            continue
        values = {value["value"] for value in fields.get("CallOrigin", {}).get("picklistValues", [])}
        if name == "VoiceCall" and values and "Voicemail" not in values:
            yield _configuration(
                "CallOrigin", "the picklist has no value Voicemail", "turn Voice on for this org and its API version"
            )
        yield Finding(check=f"object {name}", verdict=OK, saw="readable")


def _phone_channel(settings: Settings, client: SalesforceClient) -> Iterator[Finding]:
    if not settings.dialed_number:
        return
    row = _channel(settings, client)
    if row is None:
        yield Finding(
            check="phone channel",
            verdict=WARN if settings.flow_dev_name or settings.fallback_queue else FAIL,
            saw="no phone channel has exactly this dialed number",
            fix=f"Setup, Contact Centers: add it; or set {PREFIX}FLOW_DEV_NAME or {PREFIX}FALLBACK_QUEUE",
            exit=Exit.CONFIGURATION,
        )
        return
    if not row["SessionHandlerId"] and not row["FallbackQueueId"]:
        yield _configuration(
            "phone channel", "it has neither a flow nor a fallback queue", "Setup, Contact Centers: choose both"
        )
        return
    how = [
        word for word, value in (("flow", row["SessionHandlerId"]), ("fallback queue", row["FallbackQueueId"])) if value
    ]
    without_queue = not row["FallbackQueueId"]
    yield Finding(
        check="phone channel",
        verdict=WARN if without_queue else OK,
        saw=f"{' and '.join(how)} chosen",
        fix="choose a fallback queue: it takes the voicemail when the flow fails" if without_queue else "",
    )


def _queue_mapping(settings: Settings, client: SalesforceClient) -> Iterator[Finding]:
    row = _channel(settings, client) if settings.dialed_number else None
    queue_id = row["FallbackQueueId"] if row else None
    if queue_id is None and settings.fallback_queue:
        queue = client.query_one("SELECT Id FROM Group WHERE DeveloperName = :name", name=settings.fallback_queue)
        queue_id = queue["Id"] if queue else None
    if queue_id is None:
        yield Finding(check="queue mapping", verdict=SKIP, saw="no fallback queue to look at")
        return
    mapped = client.query_one("SELECT Id FROM CallCenterRoutingMap WHERE ReferenceRecordId = :queue", queue=queue_id)
    if mapped is None:
        yield _configuration(
            "queue mapping",
            "the fallback queue is not mapped to a queue of the telephony system: routing to it fails",
            "Setup, Contact Centers: map it (CallCenterRoutingMap); it may take up to 24 h",
        )
    else:
        yield Finding(check="queue mapping", verdict=OK, saw="the fallback queue is mapped")


def _channel(settings: Settings, client: SalesforceClient) -> dict[str, Any] | None:
    from scv_voicemail.phone_numbers import to_e164

    return client.query_one(
        "SELECT Id, SessionHandlerId, FallbackQueueId FROM MessagingChannel WHERE MessagingPlatformKey = :number",
        number=to_e164(settings.dialed_number, default_region=settings.default_region),
    )


def _configuration(check: str, saw: str, fix: str) -> Finding:
    return Finding(check=check, verdict=FAIL, saw=saw, fix=fix, exit=Exit.CONFIGURATION)
