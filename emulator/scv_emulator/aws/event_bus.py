"""The account's default event bus: events go to the targets of the rules that they match; schedules fire."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from scv_emulator.aws.event_patterns import matches
from scv_emulator.aws.invocations import Invoker
from scv_emulator.aws.queues import Queues
from scv_emulator.aws.resources import Rule, Target
from scv_emulator.aws.template import ACCOUNT_ID, REGION
from scv_emulator.aws.transit import Transit

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400}


class EventBus:
    """Rules and schedules. The hops are `event:<source>` and `rule:<name>`."""

    def __init__(
        self,
        rules: Sequence[Rule],
        *,
        queues: Queues,
        invoker: Invoker,
        transit: Transit,
        now: Callable[[], datetime],
    ) -> None:
        self._rules = rules
        self._queues = queues
        self._invoker = invoker
        self._transit = transit
        self._now = now
        self._fires_at = {one.name: now() + period for one in rules if (period := _period(one.schedule)) is not None}

    def put(self, source: str, detail_type: str, detail: Mapping[str, Any], *, resources: Sequence[str] = ()) -> None:
        """Send an event on its way."""
        event = self._envelope(source, detail_type, detail, resources)
        self._transit.send(f"event:{source}", detail_type, lambda: self._match(event))

    def fire(self, name: str) -> None:
        """Let a schedule fire now; LookupError when there is none of this name."""
        rule = next((one for one in self._rules if one.name == name and one.schedule), None)
        if rule is None:
            schedules = ", ".join(one.name for one in self._rules if one.schedule)
            raise LookupError(f"there is no schedule {name}, only {schedules or 'none'}")
        arn = f"arn:aws:events:{REGION}:{ACCOUNT_ID}:rule/{name}"
        self._send_to_targets(rule, self._envelope("aws.events", "Scheduled Event", {}, [arn]))

    def fire_due(self) -> bool:
        """Let every schedule fire whose time has come; False when there was none."""
        due = [name for name, moment in self._fires_at.items() if moment <= self._now()]
        for name in due:
            rule = next(one for one in self._rules if one.name == name)
            period = _period(rule.schedule) or timedelta()
            # A clock that jumped over several firings makes one of them, as a scheduler that was asleep would.
            self._fires_at[name] += period * max(1, (self._now() - self._fires_at[name]) // period + 1)
            self.fire(name)
        return bool(due)

    def next_firing(self) -> datetime | None:
        """When the next schedule fires by itself; schedules other than `rate(…)` are fired by hand."""
        return min(self._fires_at.values(), default=None)

    def _match(self, event: Mapping[str, Any]) -> None:
        for rule in self._rules:
            if rule.pattern is not None and matches(rule.pattern, event):
                self._send_to_targets(rule, event)

    def _send_to_targets(self, rule: Rule, event: Mapping[str, Any]) -> None:
        for target in rule.targets:
            payload = json.loads(target.input) if target.input is not None else event
            self._transit.send(f"rule:{rule.name}", _what(event), self._delivering(rule, target, payload))

    def _delivering(self, rule: Rule, target: Target, payload: Any) -> Callable[[], None]:
        def deliver() -> None:
            self._transit.record(f"rule:{rule.name}", _what(payload), "delivered")
            if target.arn.split(":")[2] == "sqs":
                self._queues.send(self._queues.of_arn(target.arn), json.dumps(payload))
                return
            function = self._invoker.find(target.arn)
            if function is None:
                raise LookupError(f"{rule.name}: there is no target {target.arn}")
            self._invoker.invoke_later(function, payload, what=rule.name)

        return deliver

    def _envelope(
        self, source: str, detail_type: str, detail: Mapping[str, Any], resources: Sequence[str]
    ) -> dict[str, Any]:
        return {
            "version": "0",
            "id": str(uuid4()),
            "detail-type": detail_type,
            "source": source,
            "account": ACCOUNT_ID,
            "time": f"{self._now().astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "region": REGION,
            "resources": list(resources),
            "detail": dict(detail),
        }


def _what(event: Any) -> str:
    return str(event.get("detail-type", "")) if isinstance(event, Mapping) else ""


def _period(schedule: str) -> timedelta | None:
    found = _RATE.fullmatch(schedule)
    return timedelta(seconds=int(found[1]) * _SECONDS[found[2]]) if found else None
