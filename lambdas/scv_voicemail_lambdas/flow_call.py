"""FlowCallFunction: answers a contact flow while the caller is on the line.

    createVoiceCall           the call becomes a VoiceCall                        → voiceCallId
    cancelOmniFlowExecution   the caller does not wait for a rep any more         → cleared
    rerouteFlowExecution      the caller does again                               → rerouted
    beforeRecording           now the beep: the VoiceCall is marked as voicemail  → vm_timestamp, marked
    afterRecording            the caller has pressed a key                        → vm_end_timestamp
    reviewRecording           the caller wants to hear the message                → reviewUri
    giveUpVoicemail           back to the queue, or a rep has answered            → givenUp

The first three are named as in Salesforce's own Lambda function. Every answer is flat and of strings (STRING_MAP).
Whatever fails is an error branch of the flow, and never keeps a caller from speaking.
Source: https://docs.aws.amazon.com/connect/latest/adminguide/connect-lambda-functions.html
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3.session
import jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from scv_voicemail.errors import BadVoicemail, Rejected, VoicemailError
from scv_voicemail.intake.contact_attributes import read
from scv_voicemail.phone_numbers import caller_number
from scv_voicemail.telephony import CallOrigin, CreateVoiceCall, UpdateVoiceCall
from scv_voicemail.voicemail import ANONYMOUS

from scv_voicemail_lambdas import runtime
from scv_voicemail_lambdas.deadline import within
from scv_voicemail_lambdas.flow_event import FlowEvent
from scv_voicemail_lambdas.flow_parts import FlowParts, flow_parts
from scv_voicemail_lambdas.log import about
from scv_voicemail_lambdas.metrics import Metrics, Name

log = logging.getLogger(__name__)

PRELOADED = (boto3.session, jwt, load_pem_private_key)
"""Needed for every request to Salesforce, and loaded here so that a snapshot of the function (SnapStart) holds it."""

Clock = Callable[[], datetime]
Answer = dict[str, str]


def handler(event: Mapping[str, Any], context: runtime.Context, *, clock: Clock = lambda: datetime.now(UTC)) -> Answer:
    """What Connect calls."""
    with runtime.invocation(context) as metrics:
        return answer(event, parts(), metrics, clock=clock)


@functools.cache
def parts() -> FlowParts:
    """What this function works with, made once."""
    return flow_parts(runtime.settings())


def answer(event: Mapping[str, Any], parts: FlowParts, metrics: Metrics, *, clock: Clock) -> Answer:
    """What the flow finds under `$.External`."""
    call = FlowEvent.of(event)
    method = METHODS.get(call.method)
    if method is None:
        known = ", ".join(METHODS)
        raise Rejected(f"the flow calls an unknown method {call.method!r}", fix=f"set methodName to one of: {known}")
    with about(contactId=call.contact_id, method=call.method):
        return method(call, parts, metrics, clock)


def create_voice_call(call: FlowEvent, parts: FlowParts, _metrics: Metrics, clock: Clock) -> Answer:
    """Open the VoiceCall. One that this contact has already is given back by Salesforce: a repeat is no second call."""
    caller = _caller(call, parts)
    new = CreateVoiceCall(
        vendor_call_key=call.contact_id,
        to=call.dialed_number,
        from_=caller,
        start_time=clock(),
        participant_key=caller,
        call_attributes=dict(read(call.attributes).fields),
    )
    created = within(parts.answer_seconds, lambda: parts.telephony.create_voice_call(new))
    if created.warnings:
        log.warning("Salesforce took the call with %d warnings about its attributes", len(created.warnings))
    return {"voiceCallId": created.voice_call_id}


def cancel_omni_flow_execution(call: FlowEvent, parts: FlowParts, _metrics: Metrics, _clock: Clock) -> Answer:
    """Take the live call out of its queue in Salesforce; a repeat does no harm."""
    within(parts.answer_seconds, lambda: parts.telephony.clear_routing(call.contact_id))
    return {"cleared": "true"}


def reroute_flow_execution(call: FlowEvent, parts: FlowParts, _metrics: Metrics, _clock: Clock) -> Answer:
    """Look for a rep again. Salesforce does so only where it routes the contact center's calls (Unified Routing)."""
    within(parts.answer_seconds, lambda: parts.telephony.reroute(call.contact_id))
    return {"rerouted": "true"}


def before_recording(call: FlowEvent, parts: FlowParts, metrics: Metrics, clock: Clock) -> Answer:
    """Mark the VoiceCall while its conversation is open, so that nothing takes it for a lost call; then the time.

    What Salesforce does not take now, the delivery does later.
    """
    caller = _caller(call, parts)
    mark = UpdateVoiceCall(
        is_active_call=True,
        call_origin=CallOrigin.VOICEMAIL,
        # Only for a call that Salesforce has not heard of: the update then makes it.
        from_number=None if caller == ANONYMOUS else caller,
        to_number=call.dialed_number or None,
    )
    marked = True
    try:
        within(parts.answer_seconds, lambda: parts.telephony.update_voice_call(call.contact_id, mark))
    except VoicemailError as error:
        log.warning("the call could not be marked before the beep: %s", error.brief)
        metrics.add(Name.FLOW_CALL_MARK_FAILED)
        marked = False
    # A caller who speaks anew takes the message before back.
    metrics.account_for(read(call.attributes).began_at)
    # As late as possible: the beep follows at once.
    beep = _stamp(clock())
    metrics.expect(datetime.fromisoformat(beep))
    return {"vm_timestamp": beep, "marked": str(marked).lower()}


def after_recording(_call: FlowEvent, _parts: FlowParts, _metrics: Metrics, clock: Clock) -> Answer:
    """When the caller ended the message; a caller who hangs up needs none."""
    return {"vm_end_timestamp": _stamp(_rounded_up(clock()))}


def review_recording(call: FlowEvent, parts: FlowParts, _metrics: Metrics, _clock: Clock) -> Answer:
    """A prompt with what the caller has said, out of the stream of the call."""
    reviews, wishes = parts.reviews, read(call.attributes)
    began_at = wishes.began_at or call.stream_began_at
    if reviews is None or not call.stream_arn or began_at is None:
        raise BadVoicemail(
            "there is nothing to play", fix="start media streaming before the message, or offer no review"
        )
    uri = within(
        parts.review_seconds,
        lambda: reviews.make(call.contact_id, stream_arn=call.stream_arn, began_at=began_at, ended_at=wishes.ended_at),
    )
    return {"reviewUri": uri}


def give_up_voicemail(call: FlowEvent, _parts: FlowParts, metrics: Metrics, _clock: Clock) -> Answer:
    """The flow itself takes the flag away; here it is only counted."""
    log.info("the voicemail was given up")
    metrics.add(Name.VOICEMAIL_GIVEN_UP)
    metrics.account_for(read(call.attributes).began_at)
    return {"givenUp": "true"}


METHODS: Mapping[str, Callable[[FlowEvent, FlowParts, Metrics, Clock], Answer]] = {
    "createVoiceCall": create_voice_call,
    "cancelOmniFlowExecution": cancel_omni_flow_execution,
    "rerouteFlowExecution": reroute_flow_execution,
    "beforeRecording": before_recording,
    "afterRecording": after_recording,
    "reviewRecording": review_recording,
    "giveUpVoicemail": give_up_voicemail,
}


def _caller(call: FlowEvent, parts: FlowParts) -> str:
    """Who calls; whoever sends a number that nobody can have withholds the true one."""
    return caller_number(call.caller, default_region=parts.default_region)


def _rounded_up(at: datetime) -> datetime:
    """To the millisecond: what `_stamp` cuts off an end would be missing from the message."""
    return at + timedelta(microseconds=-at.microsecond % 1000)


def _stamp(at: datetime) -> str:
    """In UTC with milliseconds, never later than it was."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
