"""The connector's own folder of recordings."""

from __future__ import annotations

import errno
import hashlib
import os
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scv_voicemail.errors import BadRecording, SettingsInvalid, Unavailable
from scv_voicemail.intake.recordings import RecordingStore, check_location, name_of
from scv_voicemail.voicemail import Voicemail

from tests.builders import a_recording, a_voicemail
from tests.wav_files import a_wav_file


def a_voicemail_of(path: Path, **changes: object) -> Voicemail:
    content = path.read_bytes()
    recording = a_recording(
        path=str(path), size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest(), location=""
    )
    return a_voicemail(recording=recording, **changes)


def sha256_of(voicemail: Voicemail) -> str:
    return hashlib.sha256(Path(voicemail.recording.path).read_bytes()).hexdigest()


@pytest.fixture
def voicemail(tmp_path: Path) -> Voicemail:
    return a_voicemail_of(a_wav_file(tmp_path / "spool" / "msg.wav"), id="call-17")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "recordings"


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """What a full disk does to a copy: it fails in the middle."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_kept_recording_is_a_private_copy_with_a_lasting_address(voicemail: Voicemail, folder: Path) -> None:
    """The same bytes under a name of our own, readable by this user only."""
    store = RecordingStore(folder, location="https://pbx.example.com/recordings/{name}")

    kept = store.keep(voicemail)

    copy = Path(kept.recording.path)
    assert copy == folder / "call-17.wav"
    assert copy.read_bytes() == Path(voicemail.recording.path).read_bytes()
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert kept.recording.location == "https://pbx.example.com/recordings/call-17.wav"
    assert replace(kept, recording=voicemail.recording) == voicemail


def test_keeping_twice_is_keeping_once(voicemail: Voicemail, folder: Path) -> None:
    """Also when the original has gone meanwhile, as after a crash between keeping and writing down."""
    store = RecordingStore(folder)
    first = store.keep(voicemail)
    Path(voicemail.recording.path).unlink()

    again = store.keep(voicemail)

    assert again == first == store.keep(again)
    assert [path.name for path in folder.iterdir()] == ["call-17.wav"]


def test_an_address_known_already_stays_when_the_store_has_none(voicemail: Voicemail, folder: Path) -> None:
    """A telephony system may hand in the address of its own player."""
    located = replace(voicemail, recording=replace(voicemail.recording, location="https://pbx.example.com/play/17"))

    assert RecordingStore(folder).keep(located).recording.location == "https://pbx.example.com/play/17"
    assert RecordingStore(folder).keep(voicemail).recording.location == ""


@pytest.mark.covers("identity-2")
def test_another_recording_under_the_id_is_kept_beside_the_first(
    tmp_path: Path, voicemail: Voicemail, folder: Path
) -> None:
    """Which of both is the voicemail the journal decides; until then neither touches the other."""
    store = RecordingStore(folder, location="https://pbx.example.com/{name}")
    first = store.keep(voicemail)
    other = a_voicemail_of(a_wav_file(tmp_path / "other.wav", hertz=880), id="call-17")

    second = store.keep(other)

    assert [sha256_of(one) for one in (first, second)] == [voicemail.recording.sha256, other.recording.sha256]
    assert second.recording.path == f"{folder}/call-17.SHA-{other.recording.sha256[:16]}.wav"
    assert second.recording.location == f"https://pbx.example.com/call-17.SHA-{other.recording.sha256[:16]}.wav"
    assert store.keep(other) == second


@pytest.mark.covers("identity-2")
@pytest.mark.parametrize("winner", [0, 1])
def test_what_the_journal_does_not_know_goes_aside(
    tmp_path: Path, voicemail: Voicemail, folder: Path, winner: int
) -> None:
    """The kept file is what the journal says, and the other one is still there for a human."""
    store = RecordingStore(folder)
    other = a_voicemail_of(a_wav_file(tmp_path / "other.wav", hertz=880), id="call-17")
    kept = [store.keep(voicemail), store.keep(other)]
    known, lost = kept[winner], kept[1 - winner]

    (aside,) = store.settle(known, known)

    assert sha256_of(known) == known.recording.sha256
    assert Path(aside).parent == folder / "orphans"
    assert hashlib.sha256(Path(aside).read_bytes()).hexdigest() == lost.recording.sha256
    assert sorted(path.name for path in folder.iterdir()) == sorted([Path(known.recording.path).name, "orphans"])
    assert store.settle(known, known) == []


def test_a_neighbour_whose_id_begins_alike_is_left_alone(voicemail: Voicemail, tmp_path: Path, folder: Path) -> None:
    """`call-17.b` is another call, and so is what is being copied for it."""
    store = RecordingStore(folder)
    neighbour = store.keep(a_voicemail_of(a_wav_file(tmp_path / "b.wav", hertz=500), id="call-17.b"))
    known = store.keep(voicemail)

    store.settle(known, known)

    assert sha256_of(neighbour) == neighbour.recording.sha256


@pytest.mark.parametrize("spoiled", [None, b"", b"other audio"])
def test_a_kept_recording_that_was_spoiled_is_put_back(
    voicemail: Voicemail, folder: Path, spoiled: bytes | None
) -> None:
    """When the same recording is handed in again; a file that is not it goes aside."""
    store = RecordingStore(folder)
    known = store.keep(voicemail)
    Path(known.recording.path).unlink()
    if spoiled is not None:
        Path(known.recording.path).write_bytes(spoiled)

    store.put_back(known, voicemail)

    assert sha256_of(known) == voicemail.recording.sha256
    assert (folder / "orphans").exists() == (spoiled is not None)


@pytest.mark.covers("identity-2")
@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS])
def test_where_there_are_no_links_a_file_is_renamed_without_replacing(
    voicemail: Voicemail, tmp_path: Path, folder: Path, number: int
) -> None:
    """Some network and FAT file systems have none."""

    def no_links(_half: Path, _final: Path) -> None:
        raise OSError(number, os.strerror(number))

    store = RecordingStore(folder, link=no_links)
    other = a_voicemail_of(a_wav_file(tmp_path / "other.wav", hertz=880), id="call-17")

    kept = [store.keep(voicemail), store.keep(other)]

    assert [sha256_of(one) for one in kept] == [voicemail.recording.sha256, other.recording.sha256]
    assert not list(folder.glob(".*"))


@pytest.mark.covers("identity-2")
def test_the_final_name_never_holds_half_a_file(voicemail: Voicemail, folder: Path) -> None:
    """Whoever looks while it is copied sees nothing, or all of it: here at the moment before the link."""
    seen = []

    def link(half: Path, final: Path) -> None:
        seen.append((half.read_bytes(), final.exists()))
        os.link(half, final)

    RecordingStore(folder, link=link).keep(voicemail)

    assert seen == [(Path(voicemail.recording.path).read_bytes(), False)]


@pytest.mark.parametrize("same", [True, False])
def test_somebody_who_links_in_the_same_moment_is_not_replaced(
    voicemail: Voicemail, tmp_path: Path, folder: Path, same: bool
) -> None:
    """The same recording is shared, another one keeps its name."""
    theirs = Path(voicemail.recording.path) if same else a_wav_file(tmp_path / "other.wav", hertz=880)

    def link(half: Path, final: Path) -> None:
        if final.name == "call-17.wav":
            final.write_bytes(theirs.read_bytes())
        os.link(half, final)

    kept = RecordingStore(folder, link=link).keep(voicemail)

    assert (folder / "call-17.wav").read_bytes() == theirs.read_bytes()
    assert (kept.recording.path == f"{folder}/call-17.wav") == same
    assert sha256_of(kept) == voicemail.recording.sha256


@pytest.mark.parametrize("spoiled", [b"", b"other audio"])
def test_audio_that_changed_since_it_was_measured_is_not_kept(
    voicemail: Voicemail, folder: Path, spoiled: bytes
) -> None:
    """What a rep hears is what was measured."""
    Path(voicemail.recording.path).write_bytes(spoiled)

    with pytest.raises(BadRecording, match="changed while it was copied"):
        RecordingStore(folder).keep(voicemail)

    assert list(folder.iterdir()) == []


def test_audio_that_is_gone_is_a_bad_recording(voicemail: Voicemail, folder: Path) -> None:
    """It is named, and nothing is left behind."""
    Path(voicemail.recording.path).unlink()

    with pytest.raises(BadRecording, match=r"msg.wav cannot be read any more: No such file"):
        RecordingStore(folder).keep(voicemail)

    assert not folder.exists()


def test_a_full_disk_is_tried_again_and_leaves_no_half_file(voicemail: Voicemail, folder: Path) -> None:
    """A clear error while it is full, the whole recording afterwards."""
    store = RecordingStore(folder)

    with no_file_larger_than(4096), pytest.raises(Unavailable, match="no space left in"):
        store.keep(voicemail)

    assert list(folder.iterdir()) == []
    assert Path(store.keep(voicemail).recording.path).stat().st_size == voicemail.recording.size_bytes


def test_what_a_killed_process_left_behind_is_cleared_away(voicemail: Voicemail, folder: Path) -> None:
    """Half a copy under its temporary name holds a caller's voice for ever otherwise."""
    folder.mkdir(parents=True)
    (folder / ".call-17.4711.part").write_bytes(b"half")
    store = RecordingStore(folder)

    kept = store.keep(voicemail)
    store.settle(kept, kept)

    assert [path.name for path in folder.iterdir()] == ["call-17.wav"]


def test_a_folder_that_cannot_be_made_is_a_matter_of_settings(tmp_path: Path, voicemail: Voicemail) -> None:
    """The folder is named, with what to do about it."""
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(SettingsInvalid, match="cannot be used by this user"):
        RecordingStore(tmp_path / "file" / "recordings").keep(voicemail)


@given(st.text(min_size=1, max_size=255).filter(str.isprintable))
def test_no_id_leads_out_of_the_folder(voicemail_id: str) -> None:
    """Any printable id gives one plain file name."""
    name = name_of(voicemail_id)

    assert Path(name).name == name
    assert name.isascii()
    assert not name.startswith((".", "-"))
    assert len(name) <= 104


def test_ids_that_differ_only_in_case_have_names_that_differ() -> None:
    """Some file systems would make one file of them."""
    names = {name_of(one).lower() for one in ("abc", "ABC", "Abc", "../abc", "a/b", "a%2Fb", "..")}

    assert len(names) == 7


@pytest.mark.parametrize(
    ("location", "named"),
    [
        ("https://b.s3.amazonaws.com/{name}?X-Amz-Expires=900&X-Amz-Signature=ab", "X-Amz-Expires, X-Amz-Signature"),
        ("https://d1.cloudfront.net/{name}?Expires=1&Signature=x&Key-Pair-Id=K", "signed link"),
        ("https://acme.blob.core.windows.net/vm/{name}?sv=1&se=2026&sig=x", "se, sig"),
        ("http://pbx.example.com/{name}", "no https address"),
        ("file:///var/{name}", "no https address"),
        ("pbx.example.com/{name}", "no https address"),
        ("https://user:secret@pbx.example.com/{name}", "user or password"),
        ("https://pbx.example.com/recording.wav", "has no {name}"),
        ("https://pbx.example.com/" + "x" * 900 + "/{name}", "Salesforce takes 1,000"),
        ("https://[::1/{name}", "is no address"),
    ],
)
def test_an_address_that_will_not_last_is_refused_at_the_start(tmp_path: Path, location: str, named: str) -> None:
    """Not at the first voicemail, and without repeating the secret in it."""
    with pytest.raises(SettingsInvalid, match=named) as refusal:
        RecordingStore(tmp_path, location=location)

    assert "secret" not in str(refusal.value)


def test_plain_http_is_for_trying_out_only() -> None:
    """On a laptop, when asked for."""
    assert check_location("http://127.0.0.1:8000/x.wav", allow_plain_http=True) == "http://127.0.0.1:8000/x.wav"
