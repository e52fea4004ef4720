"""A client of Salesforce's Telephony Integration API: one method per vendor call."""

from __future__ import annotations

import logging
import random
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit

import httpx

from scv_voicemail import fence
from scv_voicemail.errors import SettingsInvalid, Unavailable
from scv_voicemail.telephony.bulk import BulkResult, MessageOutcome, collect, read_outcomes, split
from scv_voicemail.telephony.events import PostConversationEvents, RealtimeConversationEvents
from scv_voicemail.telephony.fields import check_text, check_vendor_call_key, refused
from scv_voicemail.telephony.payloads import CreateVoiceCall, ExecuteOmniFlow, UpdateVoiceCall
from scv_voicemail.telephony.replies import Reply, cut
from scv_voicemail.telephony.results import Accepted, OmniFlowRouted, UpdatePending, VoiceCallCreated
from scv_voicemail.telephony.server_clock import ServerClock
from scv_voicemail.telephony.token import DEFAULT_LIFE_SECONDS, TokenSigner
from scv_voicemail.telephony.transcripts import TranscriptMessage
from scv_voicemail.telephony.whole_answers import bound, whole_body, within

logger = logging.getLogger(__name__)

API_PATH = "/telephony/v1"
WHOLE_ANSWER_TIMEOUTS = 3
"""An answer ends within so many times the timeout, however slowly it comes."""
LARGEST_ANSWER_BYTES = 16 * 1024 * 1024
RETRY_BUDGET_SECONDS = 5.0
"""How long all tries of one call may take together; the journal does the long waiting."""
SMALL_RETRY_AFTER_SECONDS = 2.0
FIRST_PAUSE_SECONDS = 0.2

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """One vendor call: `route` is the template for messages and logs, `path` the real thing."""

    method: str
    route: str
    path: str
    body: dict[str, Any] | None = None


class TelephonyClient:
    """Talks to one org's Telephony Integration API on behalf of one contact center. Safe to share between threads.

        with TelephonyClient(base_url=url, org_id=org_id, call_center="MyContactCenter", private_key_pem=pem) as client:
            call = CreateVoiceCall(vendor_call_key=key, to=dialed, from_=caller, start_time=began, participant_key=key)
            voice_call_id = client.create_voice_call(call).voice_call_id
            client.execute_omni_flow(voice_call_id, ExecuteOmniFlow(dialed_number=dialed))

    A write whose outcome is unknown (timeout, reset, 5xx) is never sent again by this client: it raises `Unavailable`,
    and the caller looks at the other side first. Only a request that cannot have been carried out is repeated.
    `private_key_pem` may be a function, which is asked again when Salesforce stops accepting the key.
    `before_sending` is called right before a request leaves; what it raises keeps the request from being sent.
    Source: Implementation Guide, chapter 3.
    """

    def __init__(
        self,
        *,
        base_url: str,
        org_id: str,
        call_center: str,
        private_key_pem: str | Callable[[], str],
        provider_name: str = "scv-voicemail",
        timeout_seconds: float = 10.0,
        connect_timeout_seconds: float = 5.0,
        max_tries: int = 3,
        token_life_seconds: int = DEFAULT_LIFE_SECONDS,
        transport: httpx.BaseTransport | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
        jitter: Callable[[], float] = random.random,
        before_sending: Callable[[], None] = lambda: None,
        allow_plain_http: bool = False,
    ) -> None:
        self._base_url = _checked_base_url(base_url, allow_plain_http=allow_plain_http)
        self._call_center = call_center
        self._max_tries = max(1, max_tries)
        self._timeout_seconds = timeout_seconds
        self._now = now
        self._sleep = sleep
        self._jitter = jitter
        self._before_sending = before_sending
        self._clock = ServerClock(now)
        self._signer = TokenSigner(
            org_id=org_id,
            call_center=call_center,
            private_key_pem=private_key_pem,
            clock=self._clock,
            new_id=new_id,
            life_seconds=token_life_seconds,
        )
        self._http = httpx.Client(
            transport=transport,
            timeout=httpx.Timeout(timeout_seconds, connect=connect_timeout_seconds),
            headers={
                "Content-Type": "application/json",
                "Accept": "application/json",
                "Telephony-Provider-Name": provider_name,
                "User-Agent": f"scv-voicemail/{_package_version()}",
            },
        )
        bound(self._http)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    # ------------------------------------------------------------------------------------------------ vendor calls

    def create_voice_call(self, call: CreateVoiceCall) -> VoiceCallCreated:
        """Create a VoiceCall and open its conversation; the id comes back with 18 characters."""
        body = call.to_json(call_center=self._call_center)
        return VoiceCallCreated.from_reply(self.request("POST", "/voiceCalls", body=body))

    def update_voice_call(self, call_id: str, update: UpdateVoiceCall) -> UpdatePending:
        """Update a VoiceCall, some time later; `call_id` is a voiceCallId or a vendorCallKey (created if unknown)."""
        reply = self.request("PATCH", "/voiceCalls/{callId}", key=_call_id(call_id), body=update.to_json())
        return UpdatePending.from_reply(reply)

    def create_transcript(self, vendor_call_key: str, message: TranscriptMessage) -> Accepted:
        """Send one utterance. Raises `ConversationClosed` when the call takes none any more."""
        check_vendor_call_key(vendor_call_key)
        body = message.to_json(vendor_call_key=vendor_call_key)
        reply = self.request("POST", "/voiceCalls/{vendorCallKey}/messages", key=_call_id(vendor_call_key), body=body)
        return Accepted.from_transcript_reply(reply)

    def create_transcripts_in_bulk(self, messages: Iterable[tuple[str, TranscriptMessage]]) -> BulkResult:
        """Send any number of (vendorCallKey, utterance) pairs, and tell what became of each.

        They go in requests of at most five calls with five messages each; the order within a call is kept. Messages
        that a Multi-Status reply calls retryable are sent again for a short while. When a whole request fails this
        raises, and all may be given again: a message id that the vendor has already taken is the same message.
        """
        everything = collect(messages)
        outcomes: dict[tuple[str, str], MessageOutcome] = {}
        pending = everything
        started_at, tries = self._now(), 0
        while pending:
            for request in split(pending):
                reply = self.request("POST", "/voiceCalls/messages", body=request.to_json())
                for outcome in read_outcomes(request, reply):
                    outcomes[outcome.vendor_call_key, outcome.message_id] = outcome
            tries += 1
            pause = self._pause_seconds(tries)
            # A message that a reply passes over has status 2xx: it may have been taken, so the caller decides.
            pending = [each for each in pending if outcomes[each.id].retryable and outcomes[each.id].status >= 300]
            if not pending or not self._may_try_again(tries, pause, started_at):
                break
            self._sleep(pause)
        return BulkResult(outcomes=tuple(outcomes[each.id] for each in everything))

    def execute_omni_flow(self, call_id: str, flow: ExecuteOmniFlow) -> OmniFlowRouted:
        """Route a call. Not idempotent: every success is a routing of its own. Raises `RoutingFailed`."""
        reply = self.request("PATCH", "/voiceCalls/{callId}/omniFlow", key=_call_id(call_id), body=flow.to_json())
        return OmniFlowRouted.from_reply(reply)

    def send_realtime_conversation_events(self, vendor_call_key: str, events: RealtimeConversationEvents) -> Accepted:
        """Show signals about a running call in the rep's console."""
        check_vendor_call_key(vendor_call_key)
        route = "/voiceCalls/{vendorCallKey}/realtimeConversationEvents"
        return Accepted.from_reply(self.request("POST", route, key=_call_id(vendor_call_key), body=events.to_json()))

    def store_post_conversation_events(self, vendor_call_key: str, events: PostConversationEvents) -> Accepted:
        """Store signals about a call whose conversation is closed."""
        check_vendor_call_key(vendor_call_key)
        route = "/voiceCalls/{vendorCallKey}/postConversationEvents"
        return Accepted.from_reply(self.request("POST", route, key=_call_id(vendor_call_key), body=events.to_json()))

    def reroute(self, call_id: str) -> Accepted:
        """Route a call again, away from the rep who had it. Unified Routing only."""
        return Accepted.from_reply(self.request("POST", "/voiceCalls/{callId}/reroute", key=_call_id(call_id)))

    def clear_routing(self, call_id: str) -> Accepted:
        """Take a call out of its queue; doing it twice does no harm."""
        return Accepted.from_reply(self.request("PATCH", "/voiceCalls/{callId}/clearRouting", key=_call_id(call_id)))

    # ------------------------------------------------------------------------------------------------ sending

    def request(self, method: str, route: str, *, key: str = "", body: dict[str, Any] | None = None) -> Reply:
        """Send one request; `key` fills the route's placeholder as one path segment. The reply is not judged yet."""
        prefix, placeholder, rest = route.partition("{")
        path = prefix + quote(key, safe="") + rest.partition("}")[2] if placeholder else route
        with _our_errors(f"{method} {route}"):
            return self._with_token(_Call(method=method, route=route, path=path, body=body))

    def _with_token(self, call: _Call) -> Reply:
        """Adds the second chance after a 401: by then the clock is corrected and the key is read again."""
        reply = self._with_retry(call)
        if reply.status != 401:
            return reply
        self._signer.forget_key()
        return self._with_retry(call)

    def _with_retry(self, call: _Call) -> Reply:
        """Adds another try, only where the request cannot have been carried out: no connection, or a short 429."""
        started_at, tries = self._now(), 0
        while True:
            tries += 1
            pause = self._pause_seconds(tries)
            try:
                reply = self._send_once(call)
            except _NEVER_SENT:
                if not self._may_try_again(tries, pause, started_at):
                    raise
            else:
                asked = reply.retry_after_seconds
                if reply.status != 429 or asked is None or asked > SMALL_RETRY_AFTER_SECONDS:
                    return reply
                pause = asked + pause
                if not self._may_try_again(tries, pause, started_at):
                    return reply
            self._sleep(pause)

    def _send_once(self, call: _Call) -> Reply:
        """Signs, sends and reads; learns the server's time from the answer."""
        headers = {"Authorization": f"Bearer {self._signer.token()}"}
        self._still_to_be_sent(call.method)
        exchange = self._clock.begin()
        told = {"trace": lambda name, _about: self._on_wire_event(name, call.method)}
        url = self._base_url + call.path
        with (
            within(WHOLE_ANSWER_TIMEOUTS * self._timeout_seconds),
            self._http.stream(call.method, url, json=call.body, headers=headers, extensions=told) as response,
        ):
            body = whole_body(response.iter_bytes(), response.request, max_bytes=LARGEST_ANSWER_BYTES)
        self._clock.learn(exchange, response.headers.get("date"))
        received_at = self._now()
        reply = Reply(
            operation=f"{call.method} {call.route}",
            status=response.status_code,
            headers=response.headers,
            body=body,
            received_at=received_at,
        )
        took_ms = round((received_at - exchange.sent_at).total_seconds() * 1000)
        logger.debug("%s answered %d in %d ms, request id %s", reply.operation, reply.status, took_ms, reply.request_id)
        return reply

    def _still_to_be_sent(self, method: str) -> None:
        """Raises what keeps the request from being sent: nobody waits for it, or its run is another worker's now."""
        self._before_sending()
        if method not in fence.READING:
            fence.check()

    def _on_wire_event(self, name: str, method: str) -> None:
        """Asks once more when there is a connection, which may take a while.

        https://www.python-httpx.org/advanced/extensions/#trace
        """
        if name.endswith("send_request_headers.started"):
            self._still_to_be_sent(method)

    def _pause_seconds(self, tries: int) -> float:
        return FIRST_PAUSE_SECONDS * 2.0 ** (tries - 1) * (1 + self._jitter())

    def _may_try_again(self, tries: int, pause_seconds: float, started_at: datetime) -> bool:
        spent_seconds = (self._now() - started_at).total_seconds()
        return tries < self._max_tries and spent_seconds + pause_seconds <= RETRY_BUDGET_SECONDS


@contextmanager
def _our_errors(operation: str) -> Iterator[None]:
    try:
        yield
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise SettingsInvalid(f"{operation}: the telephony URL cannot be used: {error}", service="telephony") from error
    except httpx.HTTPError as error:
        why = cut(f"{type(error).__name__}: {error}".rstrip(": "))
        raise Unavailable(f"{operation}: no usable answer ({why})", service="telephony") from error


def _call_id(call_id: str) -> str:
    check_text("CALL ID", call_id)
    if call_id in {".", ".."}:
        raise refused("CALL ID", "something else than a dot segment of a path")
    return call_id


def _checked_base_url(base_url: str, *, allow_plain_http: bool) -> str:
    """The URL that routes are appended to. Raises `SettingsInvalid`."""
    expected = "expected https://YOUR-DOMAIN.my.salesforce-scrt.com"
    try:
        parts = urlsplit(base_url.strip())
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        raise SettingsInvalid(f"the telephony URL is malformed; {expected}", service="telephony") from None
    if not port_is_fine or not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
        raise SettingsInvalid(f"the telephony URL is malformed; {expected}", service="telephony")
    if parts.scheme != "https" and not (allow_plain_http and parts.scheme == "http"):
        raise SettingsInvalid(
            f"the telephony URL must begin with https:// (plain http is for the emulator); {expected}",
            service="telephony",
        )
    path = parts.path.rstrip("/").removesuffix(API_PATH)
    return f"{parts.scheme}://{parts.netloc}{path}{API_PATH}"


def _package_version() -> str:
    try:
        return version("scv-voicemail")
    except PackageNotFoundError:
        return "unpackaged"  # a Lambda bundle may leave the metadata out
