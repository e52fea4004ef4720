"""What `doctor` looks at on this machine: settings, keys, folders, journal."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scv_voicemail.cli.finding import Finding, failed, fine, guarded, skipped, warned
from scv_voicemail.errors import BadVoicemail, SettingsInvalid
from scv_voicemail.settings import PREFIX, DynamoDbTable, S3Folder, Settings, unknown_names
from scv_voicemail.target_wiring import check_targets, field_maps, needed, wants_telephony

NEW_PAIR = "make a new pair (scv-voicemail keys generate) and paste its certificate into the contact center"
RENEW_DAYS = 30


def examine(settings: Settings) -> Iterator[Finding]:
    """Every finding, in the order in which they depend on each other."""
    yield from guarded("settings", lambda: _settings(settings))
    yield from guarded("recording address", lambda: _recording_address(settings))
    yield from guarded("dialed number", lambda: _dialed_number(settings))
    if wants_telephony(settings):
        yield from guarded("private key", lambda: _keys(settings))
    else:
        yield skipped("private key", "no target needs the contact center's")
    yield from guarded("recordings folder", lambda: _recordings_folder(settings))
    yield from guarded("journal", lambda: _journal(settings))
    yield from _amazon_connect(settings)


def _amazon_connect(settings: Settings) -> Iterator[Finding]:
    from scv_voicemail.cli.doctor_aws import examine_queues, rest_key

    yield from guarded("app key", lambda: rest_key(settings))
    yield from guarded("doorbell queue", lambda: examine_queues(settings))


def _settings(settings: Settings) -> Iterator[Finding]:
    missing = [f"{PREFIX}{name.upper()}" for name in needed(settings) if not getattr(settings, name)]
    if missing:
        yield failed("settings", f"not set: {', '.join(missing)}", "set them in the environment or in .env")
    elif wants_telephony(settings):
        yield fine("settings", f"contact center {settings.call_center} of org {settings.org_id}")
    else:
        yield fine("settings", f"{', '.join(settings.targets)} as {settings.username}")
    if settings.org_id and not (settings.org_id.startswith("00D") and len(settings.org_id) in (15, 18)):
        fix = "Setup, Company Information, Organization ID: it begins with 00D and has 15 or 18 characters"
        yield failed("org id", f"{settings.org_id!r} is none", fix)
    for name in unknown_names():
        yield warned("setting", f"{name} is not known", "correct its name, or remove it; docs/settings.md has them all")
    check_targets(settings)
    field_maps(settings)


def _recording_address(settings: Settings) -> Iterator[Finding]:
    from scv_voicemail.aws.session import AwsClients
    from scv_voicemail.storage_wiring import recordings

    if settings.recording_url:
        recordings(settings, AwsClients())  # raises for an address that does not last
        yield fine("recording address", "lasting, within Salesforce's 1,000 characters")
    elif isinstance(settings.recordings_dir, S3Folder):
        yield _bucket_and_key(settings)


def _bucket_and_key(settings: Settings) -> Finding:
    """What Salesforce's own functions write: their player opens it, no field of a record does."""
    maps = field_maps(settings)
    silent = [
        name
        for name in settings.targets
        if name in maps and any("recording_location" in text.names for text in maps[name].written.values())
    ]
    if silent:
        saw = f"{' and '.join(silent)} would hold bucket/key, which no browser opens: nobody could hear the recording"
        fix = (
            f"set {PREFIX}RECORDING_URL (parameter RecordingUrl) to the https address at which reps' browsers fetch "
            "recordings, with {name} for the file's name: docs/amazon-connect.md, Players"
        )
        return failed("recording address", saw, fix)
    return fine("recording address", "bucket/key: Salesforce's player of an Amazon Connect contact center opens it")


def _dialed_number(settings: Settings) -> Iterator[Finding]:
    from scv_voicemail.phone_numbers import to_e164

    name = f"{PREFIX}DIALED_NUMBER"
    if not settings.dialed_number:
        fix = "set it, so that its phone channel can be checked here and voicemails may leave it out"
        yield warned("dialed number", f"{name} is not set", fix)
        return
    try:
        yield fine("dialed number", to_e164(settings.dialed_number, default_region=settings.default_region))
    except BadVoicemail as error:
        yield failed("dialed number", f"{name}: {error.what}", "write it as E.164, for example +18005550100")


def _keys(settings: Settings) -> Iterator[Finding]:
    from cryptography import x509

    from scv_voicemail.aws.session import AwsClients
    from scv_voicemail.storage_wiring import telephony_key
    from scv_voicemail.telephony.token import load_rsa_key

    key = load_rsa_key(telephony_key(settings, AwsClients())())
    if key.key_size < 2048:
        yield warned("private key", f"RSA, {key.key_size} bits", f"{NEW_PAIR}: it has 2048 bits")
    else:
        yield fine("private key", f"RSA, {key.key_size} bits")
    for file in (settings.private_key_file, settings.oauth_key_file):
        if file and file.is_file() and file.stat().st_mode & 0o077:
            yield warned("key file", f"others on this machine may read {file}", f"chmod 600 {file}")
    if settings.certificate_file is None:
        fix = f"set {PREFIX}CERTIFICATE_FILE to the certificate that the contact center holds"
        yield skipped("certificate", "none given to compare the key with", fix)
        return
    try:
        certificate = x509.load_pem_x509_certificate(settings.certificate_file.read_bytes())
    except (OSError, ValueError) as error:
        raise SettingsInvalid(
            f"{settings.certificate_file} is no readable certificate in PEM", fix=f"correct {PREFIX}CERTIFICATE_FILE"
        ) from error
    if certificate.public_key() != key.public_key():
        fix = f"give the key of this certificate ({PREFIX}PRIVATE_KEY_FILE), or {NEW_PAIR}"
        yield failed("certificate", "it belongs to another key than the private key", fix)
        return
    now, end = datetime.now(UTC), certificate.not_valid_after_utc
    if end < now:
        yield failed("certificate", f"it expired on {end:%Y-%m-%d}", NEW_PAIR)
    elif certificate.not_valid_before_utc > now:
        begin = certificate.not_valid_before_utc
        yield failed("certificate", f"it is valid only from {begin:%Y-%m-%d %H:%M} UTC", "set this machine's clock")
    elif end - now < timedelta(days=RENEW_DAYS):
        yield warned("certificate", f"it expires on {end:%Y-%m-%d}", NEW_PAIR)
    else:
        yield fine("certificate", f"belongs to the key, valid until {end:%Y-%m-%d}")


def _recordings_folder(settings: Settings) -> Iterator[Finding]:
    if isinstance(settings.recordings_dir, S3Folder):
        from scv_voicemail.cli.doctor_aws import recordings

        yield from recordings(settings.recordings_dir)
        return
    yield _writable("recordings folder", settings.recordings_dir, f"{PREFIX}RECORDINGS_DIR")


def _journal(settings: Settings) -> Iterator[Finding]:
    from scv_voicemail.cli.inspect import told_counts
    from scv_voicemail.ports import RunState
    from scv_voicemail.wiring import dynamodb_journal, open_journal

    if isinstance(settings.journal, DynamoDbTable):
        with contextlib.closing(dynamodb_journal(settings.journal)) as table:
            table.check_rights()
    elif not settings.journal.exists():
        yield _writable("journal", settings.journal.parent, f"{PREFIX}JOURNAL")
        return
    with contextlib.closing(open_journal(settings)) as journal:
        counts = journal.counts()
    if counts[RunState.PARKED]:
        fix = "scv-voicemail status --state parked; mend the cause, then scv-voicemail retry ID"
        yield warned("journal", told_counts(counts), fix)
    else:
        yield fine("journal", told_counts(counts))


def _writable(check: str, folder: Path, setting: str) -> Finding:
    """Whether this user may write there, or may make it; nothing is made."""
    there = next(one for one in (folder.absolute(), *folder.absolute().parents) if one.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        return failed(check, f"this user may not write to {there}", f"set {setting} to another place, or grant access")
    return fine(check, f"{folder}" if there == folder.absolute() else f"{folder}, made with the first voicemail")
