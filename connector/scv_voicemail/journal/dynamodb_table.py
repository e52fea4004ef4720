"""One DynamoDB table: conditional writes, consistent reads, queries; botocore's errors become ours."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scv_voicemail.aws.whole_answers import only_whole_answers
from scv_voicemail.errors import Misconfigured, Rejected, SettingsInvalid, Unavailable, VoicemailError
from scv_voicemail.journal.dynamodb_items import INDEX, Item, decoded, encoded, table_schema

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

CREATE = (
    "if it held voicemails, restore it from its backup (docs/journals.md); a new installation creates it with"
    " `scv-voicemail journal create`"
)
BUSY_TRIES = 6
BATCH = 100
"""The most items that one BatchGetItem takes."""

THROTTLED = frozenset(
    {
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "ThrottlingError",
        "ThrottlingException",
    }
    | {"RequestLimitExceeded", "TransactionInProgressException", "TransactionConflictException"}
)
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html"""

STRANGERS = frozenset(
    {"UnrecognizedClientException", "InvalidSignatureException", "IncompleteSignatureException"}
    | {"MissingAuthenticationTokenException", "ExpiredTokenException", "InvalidClientTokenId"}
)
TRANSIENT = (
    *("HTTPClientError", "ConnectionError", "IncompleteReadError"),
    *("CredentialRetrievalError", "MetadataRetrievalError"),
)
UNSET = ("NoCredentialsError", "PartialCredentialsError", "NoRegionError", "ProfileNotFound", "InvalidRegionError")


class Changed(Exception):
    """Somebody else was faster: at these places the table does not hold any more what was read."""

    def __init__(self, places: frozenset[int]) -> None:
        super().__init__("the condition of a write did not hold")
        self.places = places


class Busy(Exception):
    """Another transaction is at the same items right now; nothing was written."""


@dataclass(frozen=True, slots=True)
class Put:
    """An item as it shall be, and as it was when it was read (None: it must not be there yet)."""

    after: Item
    before: Item | None = None


class Table:
    """A table behind one boto3 client, which any number of threads may use.

    `client` is a boto3 DynamoDB client; by default one with the credentials, region and endpoint that boto3 finds.
    """

    def __init__(self, name: str, *, client: Any = None, sleep: Callable[[float], None] = time.sleep) -> None:
        self.name = name
        self._sleep = sleep
        with self._ours():
            self._client = client or _boto3_client()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def create(self) -> None:
        """Make the table and wait until it can be used; one that is there stays as it is."""
        with self._ours():
            with suppress(self._client.exceptions.ResourceInUseException):
                self._client.create_table(**table_schema(self.name))
            self._client.get_waiter("table_exists").wait(TableName=self.name, WaiterConfig={"Delay": 2})

    def get(self, key: Item) -> Item | None:
        """One item, as it is now."""
        with self._ours():
            answer = self._client.get_item(TableName=self.name, Key=encoded(key), ConsistentRead=True)
        return decoded(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Sequence[Item]) -> Iterator[Item]:
        """The items of these keys that are there now, in any order."""
        for start in range(0, len(keys), BATCH):
            wanted: Any = {"Keys": [encoded(key) for key in keys[start : start + BATCH]], "ConsistentRead": True}
            for again in range(BUSY_TRIES):
                with self._ours():
                    answer = self._client.batch_get_item(RequestItems={self.name: wanted})
                yield from map(decoded, answer["Responses"].get(self.name, ()))
                if self.name not in answer.get("UnprocessedKeys", {}):
                    break
                wanted = answer["UnprocessedKeys"][self.name]
                self._sleep(_pause(again))
            else:
                raise Unavailable(f"the table {self.name} is too busy to be read", service="journal")

    def partition(self, pk: str, *, begins: str) -> Iterator[Item]:
        """The items of a partition whose sort keys begin so, in order, as they are now."""
        return self._query(
            KeyConditionExpression="pk = :pk AND begins_with(sk, :begins)",
            ExpressionAttributeValues=encoded({":pk": pk, ":begins": begins}),
            ConsistentRead=True,
        )

    def lane(
        self, lane: str, *, until: int | None = None, limit: int | None = None, newest: bool = False
    ) -> Iterator[Item]:
        """Keys, `at` and what is projected of the runs in a lane of the index, which is a moment behind the table.

        `limit` is how many are read at a time; whoever takes no more pays for no more.
        """
        values: Item = {":lane": lane} | ({} if until is None else {":until": until})
        return self._query(
            IndexName=INDEX,
            KeyConditionExpression="lane = :lane" + ("" if until is None else " AND #at <= :until"),
            ExpressionAttributeValues=encoded(values),
            ScanIndexForward=not newest,
            **({} if until is None else {"ExpressionAttributeNames": {"#at": "at"}}),
            **({} if limit is None else {"Limit": limit}),
        )

    def count(self, lane: str) -> int:
        """How many runs are in a lane of the index. Reads them all: half a unit for every 4 KB of the index."""
        request: dict[str, Any] = {
            "TableName": self.name,
            "IndexName": INDEX,
            "Select": "COUNT",
            "KeyConditionExpression": "lane = :lane",
            "ExpressionAttributeValues": encoded({":lane": lane}),
        }
        counted: int = 0
        while True:
            with self._ours():
                page = self._client.query(**request)
            counted += int(page["Count"])
            if "LastEvaluatedKey" not in page:
                return counted
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def write(self, *puts: Put, patient: bool = True) -> None:
        """All of these or none, and only where the table still holds what was read; raises `Changed` otherwise.

        While another transaction is at one of the items this one waits; `patient=False` raises `Busy` instead.
        A request that is sent again because its answer got lost is carried out once: boto3 gives it a
        ClientRequestToken, see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
        """
        request = [{"Put": self._put(put)} for put in puts]
        for again in range(BUSY_TRIES):
            try:
                with self._ours():
                    self._client.transact_write_items(TransactItems=request)
            except Busy:
                if not patient:
                    raise
                self._sleep(_pause(again))
            else:
                return
        raise Unavailable(f"other workers write the same items of the table {self.name}", service="journal")

    # ------------------------------------------------------------------------------------------------------ inside

    def _put(self, put: Put) -> dict[str, Any]:
        """The fence: version, and of a run also token and state, must still be those that were read.

        worker A reads token 1 ── stands still ───────────────────────► writes if token = 1: refused
        worker B ─────────────── lease over: writes token 2 ── goes on
        """
        request = {"TableName": self.name, "Item": encoded(put.after)}
        if put.before is None:
            return request | {"ConditionExpression": "attribute_not_exists(pk)"}
        fence = {name: put.before[name] for name in ("version", "token", "state") if name in put.before}
        return request | {
            "ConditionExpression": " AND ".join(f"#{name} = :{name}" for name in fence),
            "ExpressionAttributeNames": {f"#{name}": name for name in fence},
            "ExpressionAttributeValues": encoded({f":{name}": value for name, value in fence.items()}),
        }

    def _query(self, **request: Any) -> Iterator[Item]:
        while True:
            with self._ours():
                page = self._client.query(TableName=self.name, **request)
            yield from map(decoded, page["Items"])
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    @contextmanager
    def _ours(self) -> Iterator[None]:
        try:
            from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - an extra, and slow to import
        except ImportError as error:
            raise SettingsInvalid(
                f"the journal dynamodb://{self.name} needs boto3, which is not installed",
                service="journal",
                fix="pip install 'scv-voicemail[aws]'",
            ) from error
        try:
            yield
        except ClientError as error:
            raise _answered(error, table=self.name) from error
        except BotoCoreError as error:
            raise _unanswered(error, table=self.name) from error


def _boto3_client() -> Any:
    import boto3  # noqa: PLC0415 - an extra, and slow to import
    from botocore.config import Config  # noqa: PLC0415 - as above

    config = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 4})
    return only_whole_answers(boto3.session.Session().client("dynamodb", config=config))


def _pause(again: int) -> float:
    """Seconds before the next try, doubling, with jitter."""
    return 0.05 * 2.0**again * (0.5 + random.random() / 2)  # noqa: S311 - spreads workers, guards nothing


def _answered(error: ClientError, *, table: str) -> Exception:
    """DynamoDB's own refusal in our words."""
    answer: Any = error.response
    reasons = [str(one.get("Code", "")) for one in answer.get("CancellationReasons", ())]
    if changed := frozenset(place for place, reason in enumerate(reasons) if reason == "ConditionalCheckFailed"):
        return Changed(changed)
    if "TransactionConflict" in reasons:
        return Busy()
    code, about = str(answer["Error"].get("Code", "")), answer.get("ResponseMetadata", {})
    details = [str(one["Message"]) for one in answer.get("CancellationReasons", ()) if one.get("Message")]
    said = " ".join(details) or str(answer["Error"].get("Message", ""))
    passing = bool(THROTTLED & {code, *reasons}) or about.get("HTTPStatusCode", 0) >= 500
    kind, what, fix = _refused(code, said, table=table, operation=error.operation_name)
    if passing:
        kind, what, fix = Unavailable, f"the table {table} could not be reached: {said}", ""
    request_id = str(about.get("RequestId", ""))
    return kind(what, fix=fix, service="journal", code=code, status=about.get("HTTPStatusCode"), request_id=request_id)


def _refused(code: str, said: str, *, table: str, operation: str) -> tuple[type[VoicemailError], str, str]:
    """What a human has to mend, and how."""
    if code == "ResourceNotFoundException":
        return SettingsInvalid, f"there is no DynamoDB table {table} in this account and region", CREATE
    if code == "AccessDeniedException":
        action = (re.findall(r"dynamodb:\w+", said) or [f"dynamodb:{operation}"])[0]
        fix = f"allow {action} on the table {table} and its index; docs/journals.md has the whole policy"
        return Misconfigured, f"these credentials may not {action} on the table {table}", fix
    if code in STRANGERS:
        fix = "check the credentials that boto3 finds: `aws sts get-caller-identity`"
        return Misconfigured, f"AWS does not accept the credentials: {said}", fix
    if code == "ValidationException" and "size" in said.lower() and "exceeded" in said.lower():
        fix = "hand it in again with a shorter transcript or fewer attributes"
        return Rejected, f"what was to be kept of this voicemail is larger than an item may be: {said}", fix
    if code == "ValidationException":
        return SettingsInvalid, f"the table {table} is no journal of this version: {said}", CREATE
    return Misconfigured, f"the table {table} cannot be used: {said}", ""


def _unanswered(error: Exception, *, table: str) -> VoicemailError:
    """What went wrong before DynamoDB could answer, in our words."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if kinds & set(TRANSIENT):
        return Unavailable(f"the table {table} could not be reached: {error}", service="journal")
    if kinds & set(UNSET):
        fix = "give boto3 a region (AWS_DEFAULT_REGION) and credentials: a role, a profile, or the environment"
        return SettingsInvalid(f"the table {table} cannot be reached: {error}", service="journal", fix=fix)
    return Misconfigured(f"the table {table} cannot be used: {error}", service="journal")
