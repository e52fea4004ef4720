"""What each type of action does to a call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from scv_emulator.connect.call_audio import music, spoken, words_of
from scv_emulator.connect.flow import Action, texts_of
from scv_emulator.connect.flow_language import FULL, INTERRUPTED, LOOPED, LOOPING, TIME_OVER
from scv_emulator.connect.flow_outcomes import End, Ended, Failed, Outcome, Result
from scv_emulator.connect.ports import FunctionFailed

if TYPE_CHECKING:
    from scv_emulator.connect.flow_run import FlowRun

DONE = None

# --------------------------------------------------------------------------------------------- participant actions


def message(run: FlowRun, _action: Action, parameters: Mapping[str, Any]) -> Outcome:
    """MessageParticipant: plays to the end; keys do nothing."""
    return Failed() if _speak(run, parameters) is None else DONE


def get_input(run: FlowRun, _action: Action, parameters: Mapping[str, Any]) -> Outcome:
    """GetParticipantInput: a key interrupts the prompt; then so much time is left for the first."""
    stores = parameters.get("StoreInput") == "True"
    key = _speak(run, parameters, until_key=True)
    if key is None:
        return Failed()
    if not key:
        run.call.line.tell("listening")
        key = run.call.line.pass_time(float(parameters["InputTimeLimitSeconds"]), until_key=True)
    if stores:
        run.stored_input = _digits(run, key, parameters) or "Timeout"
        return DONE
    return Result(key) if key else Failed(TIME_OVER)


def _digits(run: FlowRun, first: str, parameters: Mapping[str, Any]) -> str:
    settings = parameters.get("DTMFConfiguration", {})
    most = int(parameters.get("InputValidation", {}).get("CustomValidation", {}).get("MaximumLength", 20))
    end = str(settings.get("InputTerminationSequence", "#"))
    between = float(settings.get("InterdigitTimeLimitSeconds", 5))
    digits, key = "", first
    while key:
        digits += key
        if digits.endswith(end):
            return digits.removesuffix(end)
        if len(digits) >= most:
            return digits
        key = run.call.line.pass_time(between, until_key=True)
    return digits


def loop_prompts(run: FlowRun, _action: Action, parameters: Mapping[str, Any]) -> Outcome:
    """MessageParticipantIteratively: over and over, until it is interrupted or a rep answers."""
    interrupted_at = run.call.line.now + float(parameters.get("InterruptFrequencySeconds", "inf"))
    while True:
        for message in parameters["Messages"]:
            audio = _audio(run, message)
            if audio is None:
                return Failed()
            name, pcm = audio
            left = max(interrupted_at - run.call.line.now, 0)
            if left * 16_000 < len(pcm):
                run.call.play(name, pcm[: 2 * round(left * 8_000)])
                return Result(INTERRUPTED)
            run.call.play(name, pcm or b"\0\0" * 8_000)


def _speak(run: FlowRun, parameters: Mapping[str, Any], *, until_key: bool = False) -> str | None:
    """The key that interrupted the prompt, or nothing; None when it could not be played."""
    text = parameters.get("Text", parameters.get("SSML"))
    if text is not None:
        return run.call.say(text, until_key=until_key) if text.strip() else None
    audio = _audio(run, parameters)
    return None if audio is None else run.call.play(*audio, until_key=until_key)


def _audio(run: FlowRun, message: Mapping[str, Any]) -> tuple[str, bytes] | None:
    if "Media" in message:
        uri = message["Media"]["Uri"]
        try:
            return "audio from S3", run.call.world.prompt(uri)
        except LookupError:
            return None
    if "PromptId" in message:
        return "prompt of the instance", music(run.call.circumstances.hold_prompt_seconds)
    text = message.get("Text", message.get("SSML", ""))
    return (words_of(text), spoken(text)) if text.strip() else None


# ------------------------------------------------------------------------------------------------- contact actions


def set_attributes(run: FlowRun, _action: Action, parameters: Mapping[str, Any]) -> Outcome:
    """UpdateContactAttributes."""
    run.call.contact.attributes.update(parameters["Attributes"])
    run.call.changed()
    return DONE


def set_flow_attributes(run: FlowRun, _action: Action, parameters: Mapping[str, Any]) -> Outcome:
    """UpdateFlowAttributes."""
    run.flow_attributes.update({name: one["Value"] for name, one in parameters["FlowAttributes"].items()})
    return DONE


def set_recording(run: FlowRun, _action: Action, parameters: Mapping[str, Any]) -> Outcome:
    """Both blocks for recordings; only that of the automated interaction is simulated."""
    behavior = parameters.get("RecordingBehavior") or parameters.get("VoiceBehavior", {}).get(
        "VoiceRecordingBehavior", {}
    )
    wanted = behavior.get("IVRRecordingBehavior")
    return DONE if wanted is None or run.call.record(on=wanted == "Enabled") else Failed()


def set_streaming(run: FlowRun, _action: Action, parameters: Mapping[str, Any]) -> Outcome:
    """UpdateContactMediaStreamingBehavior."""
    system = "To" in texts_of(parameters["Participants"])
    on = parameters["MediaStreamingState"] == "Enabled"
    return DONE if run.call.stream(on=on, system=system) else Failed()


def set_queue(run: FlowRun, _action: Action, parameters: Mapping[str, Any]) -> Outcome:
    """UpdateContactTargetQueue."""
    arn = parameters.get("QueueId") or parameters.get("AgentId")
    if not arn:
        return Failed()
    run.call.target_queue(arn)
    return DONE


def set_hooks(run: FlowRun, _action: Action, parameters: Mapping[str, Any]) -> Outcome:
    """UpdateContactEventHooks."""
    run.call.hooks.update(parameters["EventHooks"])
    return DONE


def to_queue(run: FlowRun, _action: Action, _parameters: Mapping[str, Any]) -> Outcome:
    """TransferContactToQueue."""
    if not run.call.contact.queue_arn:
        return Failed()
    return Ended(End.QUEUED) if run.call.queue_takes() else Failed(FULL)


def to_flow(_run: FlowRun, _action: Action, parameters: Mapping[str, Any]) -> Outcome:
    """TransferToFlow."""
    return Ended(End.TRANSFERRED, parameters["ContactFlowId"])


def module(run: FlowRun, _action: Action, parameters: Mapping[str, Any]) -> Outcome:
    """InvokeFlowModule."""
    ended = run.run_module(parameters["FlowModuleId"])
    return DONE if ended.how is End.ENDED else ended


def disconnect(_run: FlowRun, _action: Action, _parameters: Mapping[str, Any]) -> Outcome:
    """DisconnectParticipant."""
    return Ended(End.DISCONNECTED)


def end(_run: FlowRun, _action: Action, _parameters: Mapping[str, Any]) -> Outcome:
    """EndFlowExecution and EndFlowModuleExecution."""
    return Ended(End.ENDED)


# -------------------------------------------------------------------------------------- flow control, interactions


def compare(_run: FlowRun, _action: Action, parameters: Mapping[str, Any]) -> Outcome:
    """Compare: the reference has been resolved."""
    return Result(parameters["ComparisonValue"])


def loop(run: FlowRun, action: Action, parameters: Mapping[str, Any]) -> Outcome:
    """Loop: so many times on, then done once, then from the beginning. Who leaves in between is not forgotten."""
    key, count = (run.flow.name, action.name), int(parameters["LoopCount"])
    passed = run.call.loops.get(key, 0)
    run.call.loops[key] = 0 if passed >= count else passed + 1
    return Result(LOOPED if passed >= count else LOOPING)


def nothing(_run: FlowRun, _action: Action, _parameters: Mapping[str, Any]) -> Outcome:
    """An action that changes nothing a call would notice."""
    return DONE


def invoke(run: FlowRun, _action: Action, parameters: Mapping[str, Any]) -> Outcome:
    """InvokeLambdaFunction."""
    try:
        answer = run.call.invoke(
            parameters["LambdaFunctionARN"],
            parameters.get("LambdaInvocationAttributes", {}),
            limit_seconds=float(parameters["InvocationTimeLimitSeconds"]),
        )
    except FunctionFailed as error:
        run.call.line.tell("function failed", str(error))
        return Failed()
    flat = parameters.get("ResponseValidation", {}).get("ResponseType", "STRING_MAP") == "STRING_MAP"
    if flat and not all(isinstance(one, str) for pair in answer.items() for one in pair):
        run.call.line.tell("function failed", "its answer is no map of strings")
        return Failed()
    run.external = answer
    return DONE


Do = Callable[["FlowRun", Action, Mapping[str, Any]], Outcome]

ACTIONS: Mapping[str, Do] = MappingProxyType(
    {
        "MessageParticipant": message,
        "GetParticipantInput": get_input,
        "MessageParticipantIteratively": loop_prompts,
        "DisconnectParticipant": disconnect,
        "EndFlowExecution": end,
        "EndFlowModuleExecution": end,
        "Compare": compare,
        "Loop": loop,
        "UpdateContactAttributes": set_attributes,
        "UpdateFlowAttributes": set_flow_attributes,
        "UpdateContactRecordingBehavior": set_recording,
        "UpdateContactRecordingAndAnalyticsBehavior": set_recording,
        "UpdateContactMediaStreamingBehavior": set_streaming,
        "UpdateContactTargetQueue": set_queue,
        "UpdateContactEventHooks": set_hooks,
        "UpdateContactTextToSpeechVoice": nothing,
        "UpdateFlowLoggingBehavior": nothing,
        "TransferContactToQueue": to_queue,
        "TransferToFlow": to_flow,
        "InvokeFlowModule": module,
        "InvokeLambdaFunction": invoke,
    }
)
