"""The table that the DynamoDB journal keeps, and what happens between reading and writing it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from scv_voicemail.errors import BadVoicemail, LeaseLost, Misconfigured, SettingsInvalid, Unavailable
from scv_voicemail.journal.dynamodb import DynamoDbJournal
from scv_voicemail.journal.dynamodb_items import MAX_ITEM_BYTES, table_schema
from scv_voicemail.ports import RunState
from scv_voicemail.voicemail import Segment, Word

from tests.builders import NOON, a_transcript, a_voicemail
from tests.contracts.journal.claims import accept, claim, held
from tests.dynamodb import OneAtATime, a_dynamodb

PAGE = Path(__file__).parents[3] / "docs" / "journals.md"
WRITE = "transact_write_items"


@pytest.fixture
def client() -> Iterator[OneAtATime]:
    with a_dynamodb() as running:
        yield running


@pytest.fixture
def journal(client: OneAtATime) -> DynamoDbJournal:
    made = DynamoDbJournal("journal", client=client, sleep=lambda _seconds: None)
    made.create()
    return made


def another(client: OneAtATime) -> DynamoDbJournal:
    """The journal of another host over the same table."""
    return DynamoDbJournal("journal", client=client, sleep=lambda _seconds: None)


def once(name: str, happening: Callable[[], object]) -> Callable[[str], None]:
    """Let something happen at the first call of this name."""
    left = [happening]

    def hook(called: str) -> None:
        if called == name and left:
            left.pop()()

    return hook


def refusal(code: str, *, status: int = 400, message: str = "", **more: Any) -> Exception:
    """What boto3 raises when DynamoDB says no."""
    from botocore.exceptions import ClientError

    about = {"HTTPStatusCode": status, "RequestId": "REQUEST1"}
    answer: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": about} | more
    return ClientError(answer, "TransactWriteItems")


def raising(error: Exception) -> Callable[[], object]:
    def happening() -> object:
        raise error

    return happening


# ------------------------------------------------------------------------------------------------------------- races


def test_whoever_loses_the_race_for_a_run_takes_the_next(client: OneAtATime, journal: DynamoDbJournal) -> None:
    """Another host claims between the look at the index and the write."""
    for number in range(3):
        accept(journal, id=f"vm-{number}")
    theirs: list[Any] = []
    client.before = once(WRITE, lambda: theirs.append(held(another(client), owner="b")))

    ours = held(journal, owner="a")

    assert ours.voicemail_id != theirs[0].voicemail_id
    assert {run.owner for run in journal.runs(state=RunState.RUNNING)} == {"a", "b"}


def test_a_run_that_another_transaction_is_at_is_passed_over(client: OneAtATime, journal: DynamoDbJournal) -> None:
    """Nobody waits for a run while others are due."""
    for number in range(2):
        accept(journal, id=f"vm-{number}")
    busy = refusal("TransactionCanceledException", CancellationReasons=[{"Code": "TransactionConflict"}])
    client.before = once(WRITE, raising(busy))

    assert held(journal).voicemail_id == "vm-1"


def test_only_one_of_two_hosts_probes_an_open_gate(client: OneAtATime, journal: DynamoDbJournal) -> None:
    """The probe and the claim are one write: who loses the probe takes no other run of this target either."""
    for number in range(3):
        accept(journal, id=f"vm-{number}")
    journal.trip("voice_call", now=NOON, threshold=1, open_seconds=10)
    theirs: list[Any] = []
    client.before = once(WRITE, lambda: theirs.append(claim(another(client), owner="b", seconds=10)))

    ours = claim(journal, owner="a", seconds=10)

    assert theirs[0] is not None
    assert ours is None
    assert journal.counts()[RunState.RUNNING] == 1


def test_a_lease_that_is_lost_between_reading_and_writing_stops_the_write(
    client: OneAtATime, journal: DynamoDbJournal
) -> None:
    """The condition of the write is the fence; looking before it is not enough."""
    accept(journal)
    late = held(journal, owner="slow")
    current: list[Any] = []
    client.before = once(WRITE, lambda: current.append(held(another(client), owner="b", seconds=61)))

    with pytest.raises(LeaseLost):
        journal.receive(late, "open", {}, now=NOON, lease_seconds=60)

    assert journal.runs() == current


def test_a_failure_counted_elsewhere_at_the_same_time_is_counted(client: OneAtATime, journal: DynamoDbJournal) -> None:
    """Two hosts that see the target fail make two failures."""
    accept(journal)

    def elsewhere() -> None:
        another(client).trip("voice_call", now=NOON, threshold=9, open_seconds=10)

    client.before = once(WRITE, elsewhere)

    assert journal.trip("voice_call", now=NOON, threshold=9, open_seconds=10).failures == 2


def test_hosts_racing_for_many_runs_get_each_exactly_once(client: OneAtATime, journal: DynamoDbJournal) -> None:
    """Six hosts with a journal each; every run is claimed, moved on and finished by one of them."""
    for number in range(30):
        accept(journal, id=f"vm-{number}", targets=("voice_call", "case"))
    got: list[tuple[str, str]] = []
    start = threading.Barrier(6)

    def work(owner: str) -> None:
        mine = another(client)
        start.wait()
        while (run := claim(mine, owner=owner)) is not None:
            got.append((run.voicemail_id, run.target))
            run = mine.receive(run, "open", {"by": owner}, now=NOON, lease_seconds=60)
            mine.finish(run, now=NOON)

    threads = [threading.Thread(target=work, args=(f"host-{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(got) == len(set(got)) == 60
    assert journal.counts()[RunState.DELIVERED] == 60
    assert all([event.kind for event in journal.events(f"vm-{number}")].count("delivered") == 2 for number in range(30))


# --------------------------------------------------------------------------------------------------------- the index


def test_what_was_written_here_is_due_before_the_index_shows_it(client: OneAtATime, journal: DynamoDbJournal) -> None:
    """`watch --once` asks right after it took a voicemail in, and must not hear that there is nothing to do."""
    accept(journal)
    client.lagging = True

    behind, by_its_id = journal.next_due(), held(journal, voicemail_id=a_voicemail().id)
    journal.finish(by_its_id, now=NOON)

    assert behind == NOON
    assert journal.next_due() is None


def test_a_list_is_the_newest_first_and_as_it_is_now(journal: DynamoDbJournal) -> None:
    """Whatever their states and lanes, and no longer than asked for."""
    for number in range(5):
        later = NOON + timedelta(seconds=number)
        journal.accept(a_voicemail(id=f"vm-{number}"), targets=["case", "voice_call"], now=later)
    journal.finish(held(journal, seconds=10, voicemail_id="vm-4"), now=NOON)

    newest = journal.runs(limit=3)

    assert [(run.voicemail_id, run.target) for run in newest] == [
        ("vm-4", "case"),
        ("vm-4", "voice_call"),
        ("vm-3", "case"),
    ]
    assert [run.voicemail_id for run in journal.runs(state=RunState.DELIVERED)] == ["vm-4"]


def test_nothing_ever_scans_the_table(client: OneAtATime, journal: DynamoDbJournal) -> None:
    """Every question is answered by a key or by a query."""
    accept(journal, targets=("voice_call", "case"))
    run = journal.receive(held(journal), "open", {}, now=NOON, lease_seconds=60)
    journal.park(run, step="mark", why="no", now=NOON, reached=True)
    journal.retry(run.voicemail_id, now=NOON)
    journal.keep_transcript(run.voicemail_id, a_transcript())
    for asked in (journal.counts, journal.runs, journal.gates, journal.next_due):
        asked()

    assert set(client.called) <= {"create_table", "get_item", "batch_get_item", "query", WRITE}


# -------------------------------------------------------------------------------------------------------- the limits


def test_a_voicemail_larger_than_an_item_is_refused_and_nothing_is_kept(journal: DynamoDbJournal) -> None:
    """The error names the limit, and whoever hands the voicemail in still has it."""
    long = a_transcript(segments=(), language="x" * MAX_ITEM_BYTES)

    with pytest.raises(BadVoicemail, match=r"DynamoDB takes items of up to 409,600"):
        accept(journal, transcript=long)

    assert journal.voicemail(a_voicemail().id) is None
    assert journal.runs() == []


def test_a_transcript_that_does_not_fit_leaves_the_voicemail_as_it_was(journal: DynamoDbJournal) -> None:
    """The pipeline then delivers without it."""
    accept(journal)

    with pytest.raises(BadVoicemail, match="409,600"):
        journal.keep_transcript(a_voicemail().id, a_transcript(language="x" * MAX_ITEM_BYTES))

    assert journal.voicemail(a_voicemail().id) == a_voicemail()


def test_a_transcript_that_is_too_large_with_its_words_is_kept_without_them(journal: DynamoDbJournal) -> None:
    """What was said is never given up for the times of single words, neither handed in nor made."""
    words = tuple(Word(text="word", start_ms=0, end_ms=1) for _ in range(8000))
    text = " ".join(word.text for word in words)
    long = a_transcript(segments=(Segment(text=text, start_ms=0, end_ms=1, confidence=0.5, words=words),))
    accept(journal, id="made")
    accept(journal, id="handed in", transcript=long)

    journal.keep_transcript("made", long)

    kept = [voicemail.transcript for key in ("made", "handed in") if (voicemail := journal.voicemail(key))]
    assert kept == [long.without_words()] * 2
    assert long.without_words().text == text


def test_a_run_that_is_claimed_while_it_is_woken_is_its_workers(client: OneAtATime, journal: DynamoDbJournal) -> None:
    """Between the look and the write: the write's condition fails, and the second look finds a worker at it."""
    accept(journal)
    later = NOON + timedelta(minutes=1)
    journal.postpone(held(journal), step="listen", why="", due=later, now=NOON, failed=False, reached=False)
    client.before = once(WRITE, lambda: held(another(client), owner="b", seconds=60))

    woken = journal.wake(a_voicemail().id, now=NOON)

    assert woken == 0
    assert [run.owner for run in journal.runs()] == ["b"]


def test_a_vast_error_text_does_not_make_a_run_too_large(journal: DynamoDbJournal) -> None:
    """Its beginning is kept."""
    accept(journal)

    journal.park(held(journal), step="open", why="x" * 1_000_000, now=NOON, reached=True)

    assert journal.runs()[0].last_error == "x" * 4000


# -------------------------------------------------------------------------------------------------------- the errors


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (refusal("ThrottlingException"), Unavailable, "could not be reached"),
        (refusal("InternalServerError", status=500), Unavailable, "could not be reached"),
        (
            refusal("TransactionCanceledException", CancellationReasons=[{"Code": "ThrottlingError"}]),
            Unavailable,
            "could not be reached",
        ),
        (refusal("ResourceNotFoundException"), SettingsInvalid, "scv-voicemail journal create"),
        (
            refusal("AccessDeniedException", message="User: x is not authorized to perform: dynamodb:PutItem on y"),
            Misconfigured,
            "allow dynamodb:PutItem",
        ),
        (refusal("ExpiredTokenException", message="expired"), Misconfigured, "aws sts get-caller-identity"),
        (refusal("ValidationException", message="key"), SettingsInvalid, "no journal of this version"),
        (refusal("SomethingNew", message="new"), Misconfigured, "cannot be used: new"),
    ],
    ids=lambda one: getattr(one, "response", {}).get("Error", {}).get("Code", "") if isinstance(one, Exception) else "",
)
def test_dynamodbs_refusals_say_what_to_do(
    client: OneAtATime, journal: DynamoDbJournal, error: Exception, kind: type[Exception], says: str
) -> None:
    """In our tree of errors, with code and request id."""
    accept(journal)
    client.before = once(WRITE, raising(error))

    with pytest.raises(kind) as caught:
        claim(journal)

    assert type(caught.value) is kind
    assert says in str(caught.value)
    assert "REQUEST1" in str(caught.value)


def test_no_answer_is_tried_again(client: OneAtATime, journal: DynamoDbJournal) -> None:
    """A network that is away is nobody's mistake; missing credentials are."""
    from botocore.exceptions import EndpointConnectionError, NoCredentialsError

    client.before = once("query", raising(EndpointConnectionError(endpoint_url="https://nowhere.invalid")))
    with pytest.raises(Unavailable, match="could not be reached"):
        claim(journal)

    client.before = once("query", raising(NoCredentialsError()))
    with pytest.raises(SettingsInvalid, match="AWS_DEFAULT_REGION"):
        claim(journal)


def test_a_write_waits_for_another_transaction_but_not_for_ever(client: OneAtATime) -> None:
    """Then it is `Unavailable`, and the step is done again."""
    slept: list[float] = []
    journal = DynamoDbJournal("journal", client=client, sleep=slept.append)
    journal.create()
    accept(journal)
    run = held(journal)
    busy = refusal("TransactionCanceledException", CancellationReasons=[{"Code": "TransactionConflict"}])
    client.before = lambda name: raising(busy)() if name == WRITE else None  # type: ignore[func-returns-value]

    with pytest.raises(Unavailable, match="other workers"):
        journal.finish(run, now=NOON)

    assert len(slept) == 6
    assert slept == sorted(slept)


def test_a_missing_table_is_said_with_the_command_that_makes_it(client: OneAtATime) -> None:
    """And made by that command's method, which may be called again."""
    journal = DynamoDbJournal("elsewhere", client=client)
    with pytest.raises(SettingsInvalid, match="scv-voicemail journal create"):
        journal.counts()

    journal.create()
    journal.create()

    assert sum(journal.counts().values()) == 0


def test_the_check_of_rights_leaves_nothing_behind(client: OneAtATime, journal: DynamoDbJournal) -> None:
    """Its write cannot come true; a refusal of it is raised."""
    journal.check_rights()
    denied = refusal("AccessDeniedException", message="not authorized to perform: dynamodb:PutItem")
    client.before = once(WRITE, raising(denied))

    with pytest.raises(Misconfigured, match="dynamodb:PutItem"):
        journal.check_rights()

    assert client.scan(TableName="journal")["Count"] == 0


def test_the_page_shows_the_table_as_it_is_made() -> None:
    """Whoever makes it by infrastructure code copies the schema from docs/journals.md."""
    shown = PAGE.read_text(encoding="utf-8").partition("```json\n")[2].partition("```")[0]

    assert json.loads(shown) == table_schema("voicemails")


@pytest.mark.covers("operating-1")
def test_a_table_made_anew_under_a_living_process_shows_and_delivers_what_comes_then(
    client: OneAtATime, journal: DynamoDbJournal
) -> None:
    """The process has written to the old table; nothing that it remembers may hide a voicemail of the new one."""
    accept(journal, id="before")
    client.delete_table(TableName="journal")
    another(client).create()

    accept(journal, id="after")

    assert [run.voicemail_id for run in another(client).runs()] == ["after"]
    assert another(client).counts()[RunState.WAITING] == 1
    assert held(another(client)).voicemail_id == "after"


@pytest.mark.covers("operating-1")
def test_runs_whose_list_was_lost_are_found_again(client: OneAtATime, journal: DynamoDbJournal) -> None:
    """A backup was restored without the item that lists the targets: the next sweep or worker writes it."""
    accept(journal, id="hidden")
    for item in client.scan(TableName="journal")["Items"]:
        if item["sk"]["S"].startswith("gate"):
            client.delete_item(TableName="journal", Key={"pk": item["pk"], "sk": item["sk"]})
    lost = another(client).runs()

    journal.know_targets(["voice_call"])

    assert lost == []
    assert [run.voicemail_id for run in another(client).runs()] == ["hidden"]
    assert held(another(client)).voicemail_id == "hidden"
