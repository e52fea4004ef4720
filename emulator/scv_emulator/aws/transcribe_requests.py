"""What StartTranscriptionJob refuses, in the words of Amazon Transcribe where they are known.

Page: "StartTranscriptionJob" in the API reference.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from scv_emulator.aws_services import AwsError

_NAME = re.compile(r"[0-9a-zA-Z._-]{1,200}")
_OUTPUT_KEY = re.compile(r"[a-zA-Z0-9-_.!*'()/]{1,1024}")
_LANGUAGE = re.compile(r"[a-z]{2,3}-[A-Z]{2}")
_FORMATS = {"mp3", "mp4", "wav", "flac", "ogg", "amr", "webm", "m4a"}


def check_request(request: Mapping[str, Any], *, vocabularies: Collection[str]) -> None:
    """Refuse, with AwsError, what StartTranscriptionJob refuses."""
    name = str(request.get("TranscriptionJobName", ""))
    if _NAME.fullmatch(name) is None:
        raise bad_request("TranscriptionJobName: expected 1 to 200 letters, digits, dots, dashes or underscores")
    if not isinstance(request.get("Media"), Mapping) or not request["Media"].get("MediaFileUri"):
        raise bad_request("Media: MediaFileUri is required")
    identifies = _check_language(request)
    rate = request.get("MediaSampleRateHertz")
    if rate is not None and not 8_000 <= rate <= 48_000:
        raise bad_request("MediaSampleRateHertz: expected 8000 to 48000")
    if request.get("MediaFormat", "wav") not in _FORMATS:
        raise bad_request(f"MediaFormat: expected one of {', '.join(sorted(_FORMATS))}")
    if "OutputBucketName" not in request:
        raise AwsError("NotImplementedException", "the emulator's Transcribe needs OutputBucketName", status=501)
    if _OUTPUT_KEY.fullmatch(request.get("OutputKey", "x")) is None:
        raise bad_request("OutputKey: has characters that are not allowed")
    _check_settings(request, vocabularies, identifies=identifies)


def _check_settings(request: Mapping[str, Any], vocabularies: Collection[str], *, identifies: bool) -> None:
    settings = dict(request.get("Settings") or {})
    if settings.get("ShowSpeakerLabels") and "MaxSpeakerLabels" not in settings:
        raise bad_request("MaxSpeakerLabels is required with ShowSpeakerLabels")
    if settings.get("VocabularyFilterMethod") and not settings.get("VocabularyFilterName"):
        raise bad_request("VocabularyFilterName is required with VocabularyFilterMethod")
    named = list((request.get("LanguageIdSettings") or {}).values()) if identifies else [settings]
    if identifies and (settings.get("VocabularyName") or settings.get("VocabularyFilterName")):
        raise bad_request("Vocabularies belong to LanguageIdSettings when the language is identified")
    for one in named:
        for key in ("VocabularyName", "VocabularyFilterName"):
            if one.get(key) and one[key] not in vocabularies:
                raise bad_request(f"The requested vocabulary couldn't be found: {one[key]}")


def _check_language(request: Mapping[str, Any]) -> bool:
    """True when the language is to be identified; AwsError when the request leaves it open or says it twice."""
    options = request.get("LanguageOptions") or []
    code = request.get("LanguageCode")
    if (
        sum([code is not None, bool(request.get("IdentifyLanguage")), bool(request.get("IdentifyMultipleLanguages"))])
        != 1
    ):
        raise bad_request("You must include exactly one of LanguageCode, IdentifyLanguage, IdentifyMultipleLanguages.")
    if options and (code is not None or len(options) < 2):
        raise bad_request("LanguageOptions: at least two languages, and only with language identification")
    for language in [*options, *([] if code is None else [code])]:
        if _LANGUAGE.fullmatch(language) is None:
            raise bad_request(f"{language} isn't a supported language code")
    return code is None


def place_of(uri: str) -> tuple[str, str]:
    """Bucket and key of a recording's address."""
    found = re.fullmatch(r"s3://([^/]+)/(.+)", uri) or re.fullmatch(r"https://s3[^/]*/([^/]+)/(.+)", uri)
    if found is None:
        raise bad_request("MediaFileUri: expected s3://bucket/key")
    return found[1], found[2]


def bad_request(message: str) -> AwsError:
    """A request that Transcribe does not take."""
    return AwsError("BadRequestException", message)
