"""Every error this package raises, and what to do about each.

VoicemailError
├── TryAgain              the same request may succeed later
│   ├── Unavailable       no answer, a broken answer, or a 5xx: it may or may not have been carried out
│   ├── RateLimited       the other side asked us to slow down
│   ├── RecordingGone     the recording is not where it was kept
│   └── RoutingFailed     the Omni-Channel flow gave no rep and no queue
├── Rejected              this voicemail will never be taken as it is
│   ├── RecordingAltered  the recording is not the one any more that was taken in
│   ├── BadRecording      the audio is empty, truncated, foreign or lies about itself
│   ├── BadVoicemail      the data that came with the recording is incomplete or malformed
│   │   └── AnotherVoicemail  another voicemail is known under this id
│   └── ConversationClosed  the call no longer takes transcripts
├── Misconfigured         nothing works until a human changes something
│   ├── SettingsInvalid   a setting is missing or contradicts another
│   ├── AuthenticationFailed  Salesforce does not know this key, user or contact center
│   ├── PermissionMissing the integration user may not do what the step needs
│   └── JournalLost       the journal's file was removed, replaced or damaged under a running program
└── LeaseLost             another worker has taken this run over; whatever we know is out of date
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

Scope = Literal["voicemail", "org"]
"""Whether an answer speaks for this voicemail alone, or for everything that goes to the same place."""

_ONE_WORD = re.compile(r"[\w.:/-]{1,64}")


class VoicemailError(Exception):
    """Something went wrong with a voicemail; `str()` says what, with the vendor's code and request id, and the fix.

    `scope` says for whom the answer speaks; `fields` are those that a refusal names, under the vendor's names.
    """

    fix: str = ""
    scope: Scope = "voicemail"

    def __init__(
        self,
        what: str,
        *,
        service: str = "",
        code: str = "",
        status: int | None = None,
        request_id: str = "",
        voicemail_id: str = "",
        fix: str = "",
        scope: Scope | None = None,
        fields: Sequence[str] = (),
    ) -> None:
        super().__init__(what)
        self.what = what
        self.service = service
        self.code = code
        self.status = status
        self.request_id = request_id
        self.voicemail_id = voicemail_id
        self.fix = fix or type(self).fix
        self.scope = scope or type(self).scope
        self.fields = tuple(fields)

    def __str__(self) -> str:
        marks = [f"{name} {value}" for name, value in self._marks() if value]
        text = f"{self.what} [{', '.join(marks)}]" if marks else self.what
        return f"{text} Next: {self.fix}" if self.fix else text

    @property
    def brief(self) -> str:
        """The kind and the marks, for a log: the text may quote what a caller said, and stays in the journal."""
        marks = [f"{name} {value}" for name, value in self._marks() if _ONE_WORD.fullmatch(str(value))]
        return f"{type(self).__name__} [{', '.join(marks)}]" if marks else type(self).__name__

    @property
    def answered(self) -> bool:
        """True when the other side is up and has answered this very request, only not as hoped."""
        return self.status is not None and self.status < 500 and not isinstance(self, RateLimited)

    def _marks(self) -> list[tuple[str, object]]:
        return [
            ("service", self.service),
            ("HTTP", self.status or ""),
            ("code", self.code),
            ("request id", self.request_id),
            ("voicemail", self.voicemail_id),
        ]


class TryAgain(VoicemailError):
    """The same request may succeed later; the journal decides when."""

    max_tries: int | None = None
    """How many tries a step gets before a human is called; None means until the horizon (72 h by default)."""


class Unavailable(TryAgain):
    """No answer, a broken answer or a server error: the request may or may not have been carried out."""

    fix = "nothing: it is tried again by itself"
    scope = "org"


class RateLimited(TryAgain):
    """The org's limit is reached; `retry_after_seconds` is the vendor's word, if it gave one."""

    fix = "nothing: it is tried again by itself; raise the org's limit if this keeps happening"
    scope = "org"

    def __init__(self, what: str, *, retry_after_seconds: float | None = None, **context: object) -> None:
        super().__init__(what, **context)  # type: ignore[arg-type]
        self.retry_after_seconds = retry_after_seconds


class RecordingGone(TryAgain):
    """The recording is not where it was kept: a disk may be away, or somebody has deleted it."""

    fix = "bring the disk or the file back; it is looked for until the horizon, then delivered without it"
    nothing_left = "bring the recording back, then `scv-voicemail retry ID`"


class RoutingFailed(TryAgain):
    """The Omni-Channel flow answered with errors: the voicemail is in nobody's queue yet."""

    max_tries = 4
    fix = (
        "check in Setup that the dialed number has a phone channel with an Omni-Channel flow or fallback queue, and "
        "that the queue is mapped to the telephony system's queue; then `scv-voicemail retry ID`"
    )


class Rejected(VoicemailError):
    """Salesforce will never take this request as it is; trying again changes nothing."""

    fix = "correct the data, then `scv-voicemail retry ID`"


class RecordingAltered(Rejected):
    """The kept recording is not the one any more that the journal knows: nobody hears it under this caller's name."""

    fix = "put the recording back as it was, from a backup or its source, then `scv-voicemail retry ID`"


class BadRecording(Rejected):
    """The audio cannot be delivered: empty, truncated, of a foreign format, or not there."""

    fix = "send a WAV file (PCM 8/16-bit, mu-law or A-law, mono or stereo)"


class BadVoicemail(Rejected):
    """The data that came with the recording is incomplete or malformed."""

    fix = "correct the named field and hand the voicemail in again"


class AnotherVoicemail(BadVoicemail):
    """Another voicemail is known under this id, or this one, but what is said of it can take effect no more.

    `fields` are those in which both differ. Nothing was changed.
    """

    fix = (
        "give every voicemail an id of its own; to correct a known one, see `scv-voicemail retry --help`; "
        "to hand in the same file as a second voicemail, `scv-voicemail deliver --again`"
    )

    def __init__(self, what: str, *, fields: tuple[str, ...] = (), **context: object) -> None:
        super().__init__(what, **context)  # type: ignore[arg-type]
        self.fields = fields


class ConversationClosed(Rejected):
    """The conversation takes no more transcripts: the call was closed by somebody else."""


class Misconfigured(VoicemailError):
    """Nothing works until a human changes a setting, here or in Salesforce."""

    fix = "run `scv-voicemail doctor`"


class SettingsInvalid(Misconfigured):
    """A setting is missing, malformed, or contradicts another."""

    fix = "set it in the environment, in .env or in scv-voicemail.toml; `scv-voicemail doctor` lists what is missing"
    scope = "org"


class AuthenticationFailed(Misconfigured):
    """Salesforce does not accept this key, user or contact center."""

    fix = "run `scv-voicemail doctor`: it compares key, certificate, org id, contact center and clock"
    scope = "org"


class PermissionMissing(Misconfigured):
    """The integration user may not read or write what the step needs."""

    fix = "assign the integration user's permission set, then `scv-voicemail retry ID`"


class JournalLost(Misconfigured):
    """The journal's file is not the one any more that was opened: whatever runs must end, or it works into the void."""

    fix = (
        "put the file back with its -wal beside it, or a backup of it, then start again; nothing was sent or taken in"
        " since this was noticed"
    )


class WrittenLater(VoicemailError):
    """A newer version has written what this one cannot read: it leaves it alone, and others go on."""

    fix = "let a worker of the newer version take it, or update this one; nothing is lost meanwhile"

    def __init__(self, what: str, **context: object) -> None:
        super().__init__(what, **{"service": "journal"} | context)  # type: ignore[arg-type]


class LeaseLost(VoicemailError):
    """Another worker has taken this run over, so this one must not write any more."""
