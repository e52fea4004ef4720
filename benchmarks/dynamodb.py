"""What one voicemail costs in a DynamoDB journal, in the units that AWS bills.

    python benchmarks/dynamodb.py

Delivers voicemails to a local Salesforce over a table that moto keeps, and counts by the rules of
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
and, for the index, https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html
A transaction is twice a write of every item in it; an entry of the index that moves is deleted and put.
Needs moto, nothing of AWS. What a worker spends on looking for work while there is none is counted apart.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from datetime import UTC, datetime
from math import ceil
from typing import Any

import boto3
from figures import heading, show
from moto import mock_aws
from scv_emulator.server import Emulator
from scv_voicemail.cli.rehearsal import demo_recording
from scv_voicemail.journal.dynamodb import DynamoDbJournal
from scv_voicemail.journal.dynamodb_items import INDEX, decoded, item_bytes
from scv_voicemail.pipeline import Pipeline
from scv_voicemail.ports import RunState
from scv_voicemail.settings import PREFIX, Settings
from scv_voicemail.wiring import connect

NUMBER = 20
WORDS = "Hello, this is Ada. Please call me back."
PROJECTED = ("pk", "sk", "lane", "at", "due", "accepted_at", "owner")


class Meter:
    """A client that counts what its calls cost."""

    def __init__(self, client: Any) -> None:
        self.units: defaultdict[str, float] = defaultdict(float)
        self._client = client
        self._entries: dict[tuple[str, str], dict[str, Any]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, **request: Any) -> Any:
        answer = self._client.transact_write_items(**request)
        for one in request["TransactItems"]:
            item = decoded(one["Put"]["Item"])
            kind = item["sk"].partition("#")[0]
            self.units[f"writes: {kind}"] += 2 * ceil(item_bytes(item) / 1024)
            if "lane" in item:
                entry = {name: item[name] for name in PROJECTED if name in item}
                before = self._entries.get((item["pk"], item["sk"]))
                self._entries[item["pk"], item["sk"]] = entry
                if before is None:
                    self.units["writes: index"] += 1
                elif (before["lane"], before["at"]) != (entry["lane"], entry["at"]):
                    self.units["writes: index"] += 2
                elif before != entry:
                    self.units["writes: index"] += 1
        return answer

    def get_item(self, **request: Any) -> Any:
        answer = self._client.get_item(**request)
        self.units["reads: items"] += ceil(item_bytes(decoded(answer.get("Item", {}))) / 4096) or 1
        return answer

    def query(self, **request: Any) -> Any:
        answer = self._client.query(**request)
        size = sum(item_bytes(decoded(one)) for one in answer["Items"])
        share = 0.5 if request.get("IndexName") == INDEX else 1
        name = "reads: index" if share < 1 else "reads: gates and lists"
        self.units[name] += share * (ceil(size / 4096) or 1)
        return answer


def work_until_done(pipeline: Pipeline, journal: DynamoDbJournal) -> None:
    """Claim only when something is due, so that idle looks do not count."""
    due = journal.next_due()
    while due is not None:
        time.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds()))
        pipeline.work_one()
        due = journal.next_due()


def main() -> None:
    """Deliver, count, and print."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    heading(f"DynamoDB units per voicemail, {NUMBER} voicemails to one target")
    with mock_aws(), Emulator() as emulator:
        meter = Meter(boto3.session.Session().client("dynamodb", region_name="us-east-1"))
        journal = DynamoDbJournal("journal", client=meter)
        journal.create()
        names = {name.removeprefix(PREFIX).lower(): value for name, value in emulator.env().items()}
        with connect(Settings(**{"_env_file": None, **names})) as connector:
            connector.pipeline.journal = journal
            for number in range(NUMBER):
                connector.submit(demo_recording(), caller="+14155550142", voicemail_id=f"vm-{number}", transcript=WORDS)
            work_until_done(connector.pipeline, journal)
        rows = [(name, meter.units[name] / NUMBER) for name in sorted(meter.units)]
        for kind in ("reads", "writes"):
            rows.append((f"all {kind}", sum(value for name, value in rows if name.startswith(kind))))
        show("Per voicemail", ("what", "units"), rows)
        meter.units.clear()
        for _ in range(10):
            connector.pipeline.work_one()
            journal.next_due()
        show("Per look of an idle worker, one target", ("what", "units"), [(n, v / 10) for n, v in meter.units.items()])
        meter.units.clear()
        journal.gates()
        for state in (RunState.WAITING, RunState.RUNNING, RunState.PARKED):
            journal.runs(state=state, limit=10_000)
        show("Per sweep of SweepFunction with nothing to do, one target", ("what", "units"), list(meter.units.items()))


if __name__ == "__main__":
    main()
