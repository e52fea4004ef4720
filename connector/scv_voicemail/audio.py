"""Measures WAV recordings from the bytes that are there, whatever their headers claim."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import struct
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from scv_voicemail.errors import BadRecording, SettingsInvalid, Unavailable

DEFAULT_MAX_BYTES = 512 * 1024 * 1024
BLOCK_BYTES = 64 * 1024

UNFINISHED = frozenset({"truncated", "empty"})
"""The `code` of a `BadRecording` that may still become a good one, because somebody is writing it."""

_MAX_CHUNKS = 256
_SAMPLE_RATES_HZ = range(4_000, 192_001)
# Writers that cannot seek back leave 0, all ones or something near 2 or 4 GiB where the size belongs (SoX: 0x7FFFF000).
_PLACEHOLDER_FROM = 0x7FFF_F000
_EXPECTED = "expected a WAV file with PCM (8 or 16 bit), mu-law or A-law audio, mono or stereo"
_CONVERT = "convert it, for example `ffmpeg -i IN -ar 8000 -ac 1 -c:a pcm_s16le OUT.wav`, and hand it in again"

_IN_PIECES = "save it as one recording (`sox ONE TWO OUT.wav`), or hand the pieces in one by one"
_ANOTHER_FILE = re.compile(rb"(?:RIFF|RF64)....WAVE(?:fmt |JUNK|bext|LIST|fact|ds64)", re.DOTALL)
_LONGEST_SEAM = 15

_PCM, _ALAW, _MULAW, _EXTENSIBLE = 0x0001, 0x0006, 0x0007, 0xFFFE
_SUBFORMAT_TAIL = bytes.fromhex("000000001000800000aa00389b71")
_FOREIGN_TAGS = {
    0x0002: "Microsoft ADPCM",
    0x0003: "floating point",
    0x0011: "IMA ADPCM",
    0x0031: "GSM 06.10 (Asterisk calls it wav49)",
    0x0050: "MPEG",
    0x0055: "MP3",
}
_FOREIGN_FILES = (
    (0, b"ID3", "MP3"),
    (0, b"\xff\xfb", "MP3"),
    (0, b"\xff\xf3", "MP3"),
    (0, b"\xff\xf2", "MP3"),
    (0, b"OggS", "Ogg"),
    (0, b"\x1a\x45\xdf\xa3", "Matroska or WebM"),
    (0, b"fLaC", "FLAC"),
    (0, b"#!AMR", "AMR"),
    (0, b".snd", "Sun audio"),
    (0, b"FORM", "AIFF"),
    (4, b"ftyp", "MP4 or M4A"),
    (0, b"RF64", "RF64"),
    (0, b"RIFX", "big-endian RIFF"),
)


class Encoding(StrEnum):
    """How the samples are written down."""

    PCM = "pcm"
    """Linear: unsigned at 8 bits, signed little-endian at 16."""
    MULAW = "mu-law"
    """G.711 of North America and Japan."""
    ALAW = "a-law"
    """G.711 of the rest of the world."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioFacts:
    """What a recording is, as counted.

    `data_offset` is where in the file the audio begins, `missing_bytes` how much less of it is there than announced.
    """

    encoding: Encoding
    sample_rate_hz: int
    channels: int
    bits: int
    duration_seconds: float
    data_bytes: int
    size_bytes: int
    sha256: str
    data_offset: int = field(default=0, compare=False)
    missing_bytes: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class _Format:
    encoding: Encoding
    channels: int
    sample_rate_hz: int
    bits: int

    @property
    def frame_bytes(self) -> int:
        return self.channels * self.bits // 8


def measure(path: str | Path, *, max_bytes: int = DEFAULT_MAX_BYTES, accept_cut: bool = False) -> AudioFacts:
    """Read a recording once, in blocks, and say what is in it.

    Raises `BadRecording` for what is not a complete WAV file in a format a browser plays; `code` is `truncated` or
    `empty` when the file may only be unfinished. With `accept_cut` audio that ends too early is taken as far as it
    goes. A file this process may not read is `SettingsInvalid`.
    """
    path = Path(path)
    try:
        with open_regular(path) as file:
            return _Measurement(path.name, file, max_bytes, accept_cut=accept_cut).facts()
    except (FileNotFoundError, ValueError) as error:  # ValueError: a name with a zero byte
        raise BadRecording(f"{path.name!r} is not there: {_EXPECTED}") from error
    except PermissionError as error:
        raise SettingsInvalid(f"{path} may not be read by this user", fix=f"allow this user to read {path}") from error
    except OSError as error:
        raise Unavailable(f"{path.name} could not be read: {error.strerror or error}") from error


def open_regular(path: Path) -> BinaryIO:
    """Open a file for reading; anything but a regular file (a pipe, a device, a folder) is a `BadRecording`."""
    # Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise BadRecording(f"{path.name} is not a regular file: {_EXPECTED}")
    return os.fdopen(descriptor, "rb")


class _Measurement:
    """One pass over one file, hashing every byte on the way."""

    def __init__(self, name: str, file: BinaryIO, max_bytes: int, *, accept_cut: bool) -> None:
        self._name = name
        self._accept_cut = accept_cut
        self._missing_bytes = 0
        self._file = file
        self._digest = hashlib.sha256()
        self._position = 0
        self._size = os.fstat(file.fileno()).st_size
        if self._size > max_bytes:
            raise BadRecording(
                f"{name} is too large: {self._size:,} bytes, expected at most {max_bytes:,}",
                fix="record voicemails at 8 kHz mono, and limit their length",
            )

    def facts(self) -> AudioFacts:
        riff_size = self._riff_header()
        audio_format, claimed = self._up_to_data(riff_size)
        data_offset = self._position
        data_bytes = self._data_bytes(claimed, audio_format.frame_bytes, riff_size)
        self._pass_over_audio(data_bytes)
        self._refuse_more_chunks_of_audio()
        if self._file.read(1):
            raise self._bad("is still being written to", code="truncated")
        frames = data_bytes // audio_format.frame_bytes
        return AudioFacts(
            encoding=audio_format.encoding,
            sample_rate_hz=audio_format.sample_rate_hz,
            channels=audio_format.channels,
            bits=audio_format.bits,
            duration_seconds=frames / audio_format.sample_rate_hz,
            data_bytes=frames * audio_format.frame_bytes,
            size_bytes=self._size,
            sha256=self._digest.hexdigest(),
            data_offset=data_offset,
            missing_bytes=self._missing_bytes,
        )

    def _riff_header(self) -> int:
        head = self._read(12)
        for at, mark, foreign in _FOREIGN_FILES:
            if head[at : at + len(mark)] == mark:
                raise self._bad(f"is {foreign}, not WAV", fix=_CONVERT)
        if not head:
            raise self._bad("is empty", code="empty")
        if len(head) < 12 and b"RIFF".startswith(head[:4]):
            raise self._bad("ends inside its header", code="truncated")
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            raise self._bad("is not a WAV file", fix=_CONVERT)
        return int.from_bytes(head[4:8], "little")

    def _up_to_data(self, riff_size: int) -> tuple[_Format, int | None]:
        """Walk the chunks up to the audio; None as its size means: up to the end of the file."""
        audio_format: _Format | None = None
        for _ in range(_MAX_CHUNKS):
            head = self._read(8)
            if len(head) < 8:
                raise self._bad("ends before its audio begins", code="truncated")
            name, size = head[:4], int.from_bytes(head[4:], "little")
            if name == b"data":
                if audio_format is None:
                    raise self._bad("has audio before its format is declared")
                return audio_format, None if self._is_placeholder(size, riff_size) else size
            padded = size + size % 2
            if size > self._size - self._position:
                raise self._bad("ends before its audio begins", code="truncated")
            if name == b"fmt ":
                declaration = self._read(min(size, 40))
                audio_format = self._format(declaration)
                padded -= len(declaration)
            self._skip(min(padded, self._size - self._position))
        raise self._bad(f"has more than {_MAX_CHUNKS} chunks before its audio")

    def _is_placeholder(self, size: int, riff_size: int) -> bool:
        """Whether a recorder has left the size of the audio open.

        Zero means "nothing was said" only in a file whose outer size is true; a recorder that never came back to its
        header has left that one open as well.
        """
        if size == 0:
            return riff_size + 8 not in (self._size, self._size - 1)
        return size >= _PLACEHOLDER_FROM

    def _data_bytes(self, claimed: int | None, frame_bytes: int, riff_size: int) -> int:
        there = self._size - self._position
        if claimed is None or self._is_whole(claimed, riff_size):
            claimed = there if claimed is None else min(claimed, there)
        # One frame is what rounding in sloppy writers costs; more is missing audio.
        if claimed - there > frame_bytes:
            self._missing_bytes = claimed - there
            if not self._accept_cut:
                raise self._bad(
                    f"is truncated: {claimed:,} bytes of audio announced, {there:,} there", code="truncated"
                )
        data_bytes = min(claimed, there)
        if data_bytes < frame_bytes:
            raise self._bad("holds no audio", code="empty")
        return data_bytes

    def _is_whole(self, claimed: int, riff_size: int) -> bool:
        """Whether a file that announces more audio than is there has all of it: its outer size is true.

        Some writers put the size of the file, or of all that follows the first eight bytes, where that of the audio
        belongs, or the size of the file where the outer one belongs.
        """
        return riff_size in (self._size, self._size - 8, self._size - 9) or claimed in (self._size, self._size - 8)

    def _pass_over_audio(self, count: int) -> None:
        """Read the audio; another WAV file in the middle of it is none."""
        end, before = self._position + count, b""
        while self._position < end:
            block = self._read(min(end - self._position, BLOCK_BYTES))
            if not block:
                raise self._bad("became shorter while it was read", code="truncated")
            if _ANOTHER_FILE.search(before + block):
                raise self._bad("is two WAV files in one", fix=_IN_PIECES)
            before = block[-_LONGEST_SEAM:]

    def _refuse_more_chunks_of_audio(self) -> None:
        """Walk what follows the audio: players disagree about which piece of several they play."""
        for _ in range(_MAX_CHUNKS):
            head = self._read(8)
            if head[:1] == b"\0" and len(head) == 8:
                head = head[1:] + self._read(1)  # audio of an odd number of bytes is padded to an even one
            name, size = head[:4], int.from_bytes(head[4:], "little")
            left = self._size - self._position
            if name == b"data" and size:
                raise self._bad("has its audio in several pieces", fix=_IN_PIECES)
            if name == b"RIFF" and left >= 4:
                raise self._bad("is two WAV files in one", fix=_IN_PIECES)
            if len(head) < 8 or not name.isascii() or size > left:
                break
            self._skip(min(size + size % 2, left))
        self._skip(self._size - self._position)

    def _format(self, declaration: bytes) -> _Format:
        if len(declaration) < 16:
            raise self._bad("declares its format in too few bytes")
        tag, channels, rate, _, block, bits = struct.unpack_from("<HHIIHH", declaration)
        if tag == _EXTENSIBLE:
            if len(declaration) < 40 or declaration[26:40] != _SUBFORMAT_TAIL:
                raise self._bad("has an extensible format that is none of the known ones", fix=_CONVERT)
            tag = int.from_bytes(declaration[24:26], "little")
        encoding = {_PCM: Encoding.PCM, _ALAW: Encoding.ALAW, _MULAW: Encoding.MULAW}.get(tag)
        if encoding is None:
            raise self._bad(f"holds {_FOREIGN_TAGS.get(tag, f'audio of format 0x{tag:04X}')}", fix=_CONVERT)
        if bits not in ((8, 16) if encoding is Encoding.PCM else (8,)):
            raise self._bad(f"has {bits} bits per {encoding} sample", fix=_CONVERT)
        if channels not in (1, 2):
            raise self._bad(f"has {channels} channels", fix=_CONVERT)
        if rate not in _SAMPLE_RATES_HZ:
            raise self._bad(f"has a sample rate of {rate:,} Hz", fix=_CONVERT)
        if block != channels * bits // 8:
            raise self._bad(f"contradicts itself: {channels} channels of {bits} bits in frames of {block} bytes")
        return _Format(encoding, channels, rate, bits)

    def _read(self, count: int) -> bytes:
        found = self._file.read(min(count, self._size - self._position))
        self._digest.update(found)
        self._position += len(found)
        return found

    def _skip(self, count: int) -> None:
        while count > 0:
            found = self._read(min(count, BLOCK_BYTES))
            if not found:
                raise self._bad("became shorter while it was read", code="truncated")
            count -= len(found)

    def _bad(self, what: str, *, code: str = "", fix: str = "") -> BadRecording:
        return BadRecording(f"{self._name} {what}: {_EXPECTED}", code=code, fix=fix)
