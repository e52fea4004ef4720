"""Every knob, with its sentence. Read once, by the wiring; nothing below it knows that settings exist.

Precedence, first wins: arguments, the environment (`SCV_VOICEMAIL_*`), the `.env` file, `scv-voicemail.toml`, defaults.
Another `.env` file is named by `SCV_VOICEMAIL_ENV_FILE`, another TOML file by `SCV_VOICEMAIL_CONFIG`.
"""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from scv_voicemail.errors import SettingsInvalid

PREFIX = "SCV_VOICEMAIL_"

AMAZON_TRANSCRIBE = ("amazon-transcribe",)
"""The transcriber that is no command."""

PLACEHOLDERS = frozenset({"voice_call_id", "mailbox", "mailbox_type", "caller", "priority"})
"""What is filled in where a flow input names it in braces."""


@dataclass(frozen=True, slots=True)
class DynamoDbTable:
    """A journal in a DynamoDB table: `dynamodb://NAME` in the settings."""

    name: str

    def __str__(self) -> str:
        return f"dynamodb://{self.name}"


@dataclass(frozen=True, slots=True)
class S3Folder:
    """A place for recordings in S3: `s3://BUCKET/PREFIX` in the settings."""

    bucket: str
    prefix: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"


def _state_folder() -> Path:
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "scv-voicemail"


class Settings(BaseSettings):
    """All settings. `load()` reads them and says what is wrong in one error; `Settings(...)` is for tests."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        validate_default=False,
        allow_inf_nan=False,
    )

    # -- Salesforce Telephony Integration API
    telephony_url: str = Field("", description="Base address, https://MYDOMAIN.my.salesforce-scrt.com")
    org_id: str = Field("", description="Salesforce org id, 15 or 18 characters")
    call_center: str = Field("", description="Internal (API) name of the contact center")
    private_key: SecretStr | None = Field(None, description="PEM of the contact center's private key")
    private_key_file: Path | None = Field(None, description="File that holds the contact center's private key")
    private_key_source: str = Field(
        "", description="Or where AWS keeps it: `ssm:PARAMETER` or `secretsmanager:SECRET`; read anew as keys rotate"
    )
    certificate_file: Path | None = Field(None, description="Its certificate, only for `doctor` to compare")
    provider_name: str = Field("scv-voicemail", description="Sent as Telephony-Provider-Name")

    # -- Salesforce REST (to read back; without it nothing can be confirmed or verified)
    login_url: str = Field("", description="My Domain address, https://MYDOMAIN.my.salesforce.com")
    client_id: str = Field("", description="Consumer key of the external client app")
    username: str = Field("", description="Integration user")
    oauth_key: SecretStr | None = Field(None, description="PEM of the app's private key")
    oauth_key_file: Path | None = Field(None, description="File that holds the app's private key")
    oauth_key_source: str = Field("", description="Or where AWS keeps it, like `PRIVATE_KEY_SOURCE`")
    oauth_audience: str = Field("", description="JWT audience if it is not the login address")
    api_version: str = Field("66.0", description="REST API version")

    # -- What is delivered, and how
    targets: Annotated[tuple[str, ...], NoDecode] = Field(
        ("voice_call",), description="Where voicemails go unless they say otherwise; comma-separated"
    )
    other_targets: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Targets that other processes of this journal deliver to, so that they are not refused here"
    )
    dialed_number: str = Field("", description="Dialed number of voicemails that name none (E.164)")
    default_region: str = Field("US", description="Region of numbers written without a country code")
    flow_dev_name: str = Field("", description="Omni-Channel flow for numbers without a phone channel")
    fallback_queue: str = Field("", description="Fallback queue for numbers without a phone channel")
    flow_input_parameters: dict[str, str] | None = Field(
        None,
        description=(
            "Inputs of an Omni-Channel flow of your own; {voice_call_id}, {mailbox}, {mailbox_type}, {caller}, "
            "{priority} are filled in; unset: the shipped flow's"
        ),
    )
    case_fields: dict[str, str] = Field(
        default_factory=dict,
        description="Case: field → template, beside or instead of the defaults; an empty one takes its field away",
    )
    case_key: str = Field("Voicemail_External_Id__c", description="Case: unique External Id for the voicemail's id")
    case_owner: Literal["mailbox", "rules"] = Field(
        "mailbox", description="Case: owned by the mailbox's queue or rep; `rules`: queues' by assignment rules"
    )
    custom_object: str = Field("Voicemail__c", description="Object of the target `custom_object`")
    custom_object_key: str = Field("External_Id__c", description="Its unique External Id for the voicemail's id")
    custom_object_fields: dict[str, str] = Field(
        default_factory=dict, description="Its fields, like `CASE_FIELDS`; objects of your own begin without defaults"
    )
    owner_queue: str = Field("Voicemail", description="Queue that owns records when the mailbox names nobody")
    match_people: bool = Field(default=True, description="Link records with the caller's Contact and Account")
    publish_event: bool = Field(default=False, description="Publish the event Voicemail_Delivered__e per target")
    recording_url: str = Field(
        "", description="Where reps' browsers fetch recordings: https://host/path/{name}, lasting, not signed"
    )
    recordings_dir: Annotated[Path | S3Folder, NoDecode] = Field(
        default_factory=lambda: _state_folder() / "recordings",
        description="Our own copy of every recording: a folder, or s3://BUCKET/PREFIX",
    )
    transcriber: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="`amazon-transcribe`, or a command that prints a transcript: `whisper-to-text {recording}`",
    )
    transcriber_timeout_seconds: float = Field(60.0, gt=0, description="Longest run of a transcription command")
    transcript_wait_seconds: float = Field(
        120.0, ge=0, description="How long a voicemail waits for its transcript; then it goes without, and it is added"
    )
    late_transcript_hours: float = Field(
        24.0, ge=0, description="How long a transcript that is late is still added to what was delivered"
    )

    # -- Amazon Transcribe
    transcribe_languages: Annotated[tuple[str, ...], NoDecode] = Field(
        ("en-US",),
        description="Languages of voicemails that name none; with several, Transcribe finds out which; comma-separated",
    )
    transcribe_vocabularies: dict[str, str] = Field(
        default_factory=dict, description="Custom vocabulary per language: en-US → its name"
    )
    transcribe_filters: dict[str, str] = Field(
        default_factory=dict, description="Vocabulary filter per language: en-US → its name"
    )
    transcribe_filter_method: Literal["mask", "remove", "tag"] = Field("mask", description="What a filter does")
    transcribe_redact: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Personal data to leave out: `ALL`, or types such as `PIN,CREDIT_DEBIT_NUMBER`"
    )
    transcribe_kms_key: str = Field("", description="KMS key of the transcripts in S3")

    # -- Where voicemails come from
    remove_taken: bool = Field(default=False, description="Delete recordings at their source once they are taken")
    mailbox_numbers: dict[str, str] = Field(
        default_factory=dict, description="Asterisk: dialed number of MAILBOX or MAILBOX@CONTEXT"
    )
    mailbox_queues: dict[str, str] = Field(
        default_factory=dict, description="Salesforce queue of an Asterisk mailbox or Amazon Connect queue"
    )
    mailbox_reps: dict[str, str] = Field(
        default_factory=dict, description="Rep (username) of an Asterisk mailbox or Amazon Connect user"
    )

    short_messages: Literal["suppress", "low_priority", "deliver"] = Field(
        "suppress", description="Amazon Connect: what becomes of silence, and of messages below `SHORT_SECONDS`"
    )
    short_seconds: float = Field(1.0, ge=0, description="How much speech makes a message")
    connect_instance_id: str = Field("", description="Amazon Connect instance (id or ARN) whose contacts are read")
    connect_recordings: Annotated[S3Folder | None, NoDecode] = Field(
        None, description="s3://BUCKET/PREFIX of its IVR recordings, looked through for what no event has told of"
    )
    ignore_contacts_before: AwareDatetime | None = Field(
        None, description="Contacts that began before are another system's: 2026-12-01T00:00:00Z"
    )
    doorbell_queue_url: str = Field("", description="SQS queue that tells a Lambda which voicemail is due")
    dead_letter_queue_url: str = Field("", description="SQS queue for contact records that can never be taken in")
    review_location: Annotated[S3Folder | None, NoDecode] = Field(
        None, description="s3://BUCKET/PREFIX where a caller's own message is put to be played back to the caller"
    )

    # -- The journal and its patience
    journal: Annotated[Path | DynamoDbTable, NoDecode] = Field(
        default_factory=lambda: _state_folder() / "journal.db",
        description="The journal: path of a SQLite file, or dynamodb://TABLE (docs/journals.md compares them)",
    )
    lease_seconds: float = Field(120.0, gt=0, description="How long a worker may be silent before it is replaced")
    horizon_hours: float = Field(72.0, gt=0, description="How long delivery is tried before a human is called")
    retry_base_seconds: float = Field(2.0, gt=0, description="First delay between tries; it doubles")
    retry_cap_seconds: float = Field(900.0, gt=0, description="Longest delay between tries")
    probe_seconds: float = Field(60.0, gt=0, description="While a target is down: one probe per so many seconds")
    patience_seconds: float = Field(
        30.0, gt=0, description="How long Salesforce may take to apply an update before it is sent again"
    )
    confirm_wait_seconds: float = Field(
        10.0, ge=0, description="Wait before routing when there is no REST access to confirm with"
    )
    timeout_seconds: float = Field(10.0, gt=0, description="Longest wait for one answer")

    # -- The Lambda functions' own reporting
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level of log lines")
    metrics_namespace: str = Field(
        "ScvVoicemail", description="CloudWatch namespace; another one for each deployment in the same account"
    )

    # -- Only for the emulator
    allow_plain_http: bool = Field(default=False, description="Accept http:// addresses (local emulator only)")

    @field_validator("targets", "other_targets", mode="before")
    @classmethod
    def _split_targets(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("journal", mode="before")
    @classmethod
    def _read_journal(cls, value: Any) -> Any:
        kind, mark, name = value.partition("://") if isinstance(value, str) else ("", "", "")
        if not mark:
            return value
        # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
        if kind != "dynamodb" or not re.fullmatch(r"[A-Za-z0-9_.-]{3,255}", name):
            raise ValueError("expected a path, or dynamodb:// and the name of a table")
        return DynamoDbTable(name)

    @field_validator("case_fields", "custom_object_fields", mode="before")
    @classmethod
    def _take_plain_values(cls, value: Any) -> Any:
        """TOML knows numbers and booleans; a template is text."""
        if not isinstance(value, dict):
            return value
        return {name: str(one).lower() if isinstance(one, bool | int) else one for name, one in value.items()}

    @field_validator("flow_input_parameters")
    @classmethod
    def _check_placeholders(cls, value: dict[str, str] | None) -> dict[str, str] | None:
        for name, text in (value or {}).items():
            if unknown := {field for _, field, _, _ in Formatter().parse(text) if field is not None} - PLACEHOLDERS:
                known = ", ".join(f"{{{one}}}" for one in sorted(PLACEHOLDERS))
                raise ValueError(f"{name} has {{{unknown.pop()}}}, known are {known}")
        return value

    @field_validator("transcriber", mode="before")
    @classmethod
    def _split_command(cls, value: Any) -> Any:
        return tuple(shlex.split(value)) if isinstance(value, str) else value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic-settings' own
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The precedence that the module's docstring promises."""
        toml = Path(os.environ.get(f"{PREFIX}CONFIG", "scv-voicemail.toml"))
        return init_settings, env_settings, dotenv_settings, TomlConfigSettingsSource(settings_cls, toml)

    @field_validator("recordings_dir", "connect_recordings", "review_location", mode="before")
    @classmethod
    def _read_s3_folder(cls, value: Any) -> Any:
        if not isinstance(value, str) or not value.startswith("s3://"):
            return value
        bucket, _, prefix = value.removeprefix("s3://").partition("/")
        if not bucket or not prefix.strip("/"):
            raise ValueError("expected a folder, or s3:// and the name of a bucket, / and a prefix")
        return S3Folder(bucket, prefix.strip("/"))

    @field_validator("transcribe_languages", "transcribe_redact", mode="before")
    @classmethod
    def _split_list(cls, value: Any) -> Any:
        return cls._split_targets(value)

    @field_validator("private_key_source", "oauth_key_source")
    @classmethod
    def _check_source(cls, value: str) -> str:
        kind, _, name = value.partition(":")
        if value and (kind not in ("ssm", "secretsmanager") or not name):
            raise ValueError("expected ssm:PARAMETER or secretsmanager:SECRET")
        return value

    def telephony_key(self) -> str:
        """The contact center's private key (PEM)."""
        return _secret("private_key", self.private_key, self.private_key_file)

    def rest_key(self) -> str:
        """The external client app's private key (PEM); the contact center's key does not stand in for it."""
        return _secret("oauth_key", self.oauth_key, self.oauth_key_file)

    @property
    def has_rest(self) -> bool:
        """True when the settings allow to read back what Salesforce holds."""
        return bool(self.login_url and self.client_id and self.username)


def load(**overrides: Any) -> Settings:
    """The settings of this process; raises `SettingsInvalid` naming every variable that is wrong, never its value."""
    for named in (f"{PREFIX}ENV_FILE", f"{PREFIX}CONFIG"):
        if named in os.environ and not Path(os.environ[named]).is_file():
            raise SettingsInvalid(f"{named}: there is no file {os.environ[named]}", fix="correct the path")
    try:
        return Settings(**{"_env_file": os.environ.get(f"{PREFIX}ENV_FILE", ".env"), **overrides})
    except ValidationError as error:
        wrong = "; ".join(f"{PREFIX}{'.'.join(map(str, one['loc'])).upper()}: {one['msg']}" for one in error.errors())
        raise SettingsInvalid(f"settings are not usable: {wrong}") from None
    except (OSError, ValueError) as error:
        raise SettingsInvalid(f"the settings could not be read: {error}") from error


def unknown_names() -> list[str]:
    """Variables that look like settings but are none, in the environment and the `.env` file: typing errors."""
    from dotenv import dotenv_values  # noqa: PLC0415 - only `doctor` asks

    file = Path(os.environ.get(f"{PREFIX}ENV_FILE", ".env"))
    given = {*os.environ, *(dotenv_values(file, interpolate=False) if file.is_file() else ())}
    known = {PREFIX + name.upper() for name in Settings.model_fields} | {f"{PREFIX}ENV_FILE", f"{PREFIX}CONFIG"}
    return sorted(name for name in given if name.upper().startswith(PREFIX) and name.upper() not in known)


def _secret(name: str, inline: SecretStr | None, file: Path | None) -> str:
    if inline is not None:
        return inline.get_secret_value().replace("\\n", "\n")
    variable = f"{PREFIX}{name.upper()}"
    if file is None:
        raise SettingsInvalid(f"{variable}_FILE (or {variable}) is not set: no private key")
    try:
        return file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"{variable}_FILE: {file} cannot be read: {error}") from error
