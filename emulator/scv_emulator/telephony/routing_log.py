"""What became of each routing and why: for whoever watches the emulator, because the vendor's answer says neither."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any

from scv_emulator.salesforce.records import Record

_KEPT = 500
_log = logging.getLogger("scv_emulator.routing")


class RoutingLog:
    """The last routings, oldest first; a voicemail that goes the way of live calls is a warning on standard error."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.kept: deque[dict[str, Any]] = deque(maxlen=_KEPT)

    def routed(self, call: Record, *, pending_origin: str | None, delay_ms: int, to: str) -> None:
        """Write down where a call went; `pending_origin` is what an update that was accepted will make of it."""
        origin, why = call["CallOrigin"], ""
        if origin == "Voicemail":
            why = "CallOrigin is Voicemail: the number's voicemail flow and fallback queue"
        elif pending_origin == "Voicemail":
            why = (
                f"routed too early: CallOrigin was {_shown(origin)}, because the update to Voicemail is pending and "
                f"is applied {delay_ms} ms after it was accepted (apply_delay_ms), so the way of live calls was taken; "
                "send callOrigin when the call is created, or read VoiceCall.CallOrigin back before routing"
            )
        else:
            why = f"CallOrigin is {_shown(origin)}: the number's flow and fallback queue for live calls"
        self._keep(call, to=to, why=why)
        if pending_origin == "Voicemail" != origin:
            _log.warning("%s: to %s, %s", call["VendorCallKey"], to, why)

    def refused(self, call: Record, reasons: list[str]) -> None:
        """Write down that a call went nowhere."""
        self._keep(call, to="", why="; ".join(reasons))

    def _keep(self, call: Record, *, to: str, why: str) -> None:
        self.kept.append(
            {
                "at": self._now().isoformat(),
                "vendorCallKey": call["VendorCallKey"],
                "voiceCallId": call["Id"],
                "callOrigin": call["CallOrigin"],
                "to": to,
                "why": why,
            }
        )


def _shown(origin: str | None) -> str:
    return origin or "empty"
