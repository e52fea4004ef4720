"""Reps: who is online, who takes which work, and what declining does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scv_emulator.salesforce.records import Database, Record
from scv_emulator.seed import Rep


class RepError(ValueError):
    """The rep cannot do this; the text says why."""


@dataclass(slots=True, kw_only=True)
class _Presence:
    """A rep's state in Omni-Channel."""

    user_id: str
    name: str
    online: bool
    capacity: int
    accepts_automatically: bool


class Reps:
    """Accepts and declines work on behalf of the reps.

    `requeue` puts a call back into a queue; it is given the call's id and the queue's id.
    """

    def __init__(
        self,
        *,
        database: Database,
        now: Callable[[], datetime],
        requeue: Callable[[str, str], None],
        reps: Iterable[Rep],
    ) -> None:
        self._database = database
        self._now = now
        self._requeue = requeue
        self._reps: dict[str, _Presence] = {}
        for rep in reps:
            user = database.first("User", Username=rep.username)
            if user is not None:
                self._reps[rep.username] = _Presence(
                    user_id=user["Id"],
                    name=rep.name,
                    online=rep.online,
                    capacity=rep.capacity,
                    accepts_automatically=rep.accepts_automatically,
                )
                self._show(self._reps[rep.username])

    def describe(self) -> list[dict[str, Any]]:
        """Every rep with presence and load; JSON-ready."""
        return [
            {
                "username": username,
                "name": rep.name,
                "online": rep.online,
                "capacity": rep.capacity,
                "acceptsAutomatically": rep.accepts_automatically,
                "open": len(self._open_work(rep)),
            }
            for username, rep in self._reps.items()
        ]

    def set_online(self, username: str, *, online: bool) -> None:
        """Change a rep's presence; who comes online and accepts automatically takes what is waiting."""
        rep = self._rep(username)
        changed, rep.online = rep.online is not online, online
        if changed:
            self._show(rep)
        for pending in self._waiting_for(rep, None):
            self.offer(pending["Id"])

    def is_available(self, user_id: str) -> bool:
        """Whether this user is a rep who is online and has capacity left."""
        return any(rep.user_id == user_id and self._has_room(rep) for rep in self._reps.values())

    def available_in(self, queue_id: str) -> int:
        """How many members of a queue are online and have capacity left."""
        members = {one["UserOrGroupId"] for one in self._database.find("GroupMember", GroupId=queue_id)}
        return sum(rep.user_id in members and self._has_room(rep) for rep in self._reps.values())

    def offer(self, pending_id: str) -> None:
        """Give a pending routing to the first rep who takes work automatically and may take this.

        If it is for one rep, and that rep is online, it is pushed: an assigned AgentWork waits to be accepted.
        """
        for rep in self._reps.values():
            if not self._has_room(rep):
                continue
            pending = next((one for one in self._waiting_for(rep, None) if one["Id"] == pending_id), None)
            if pending is None or self._declined(rep, pending):
                continue
            if rep.accepts_automatically:
                self._take(rep, pending)
                return
            if pending["PreferredUserId"] == rep.user_id and not pending["IsPushed"]:
                self._database.update("PendingServiceRouting", pending_id, {"IsPushed": True}, by_system=True)
                self._work(rep, pending, {"Status": "Assigned"})
                return

    def accept(self, username: str, voice_call_id: str | None = None) -> str:
        """Take the oldest pending routing in the rep's queues (or that of one call); the id of the AgentWork."""
        rep = self._rep(username)
        if not rep.online:
            raise RepError(f"{username} is offline")
        if len(self._open_work(rep)) >= rep.capacity:
            raise RepError(f"{username} has no capacity left")
        waiting = self._waiting_for(rep, voice_call_id)
        if not waiting:
            raise RepError(f"nothing is waiting for {username}")
        return self._take(rep, waiting[0])

    def decline(self, username: str, voice_call_id: str | None = None) -> str:
        """Refuse work: accepted work goes back to its queue, waiting work stays there; the id of the AgentWork."""
        rep = self._rep(username)
        declined = {"Status": "Declined", "DeclineDateTime": self._now()}
        for work in self._open_work(rep):
            if voice_call_id is None or work["WorkItemId"][:15] == voice_call_id[:15]:
                self._database.update("AgentWork", work["Id"], declined, by_system=True)
                if work["OriginalGroupId"]:
                    self._requeue(work["WorkItemId"], work["OriginalGroupId"])
                return str(work["Id"])
        waiting = self._waiting_for(rep, voice_call_id)
        if not waiting:
            raise RepError(f"{username} has nothing to decline")
        pending = waiting[0]
        declined_id = self._work(rep, pending, declined)
        if pending.get("_fallbackQueueId"):
            self._database.delete("PendingServiceRouting", pending["Id"])
            self._requeue(pending["WorkItemId"], pending["_fallbackQueueId"])
        return declined_id

    # -------------------------------------------------------------------------------------------------------- taking

    def _take(self, rep: _Presence, pending: Record) -> str:
        now = self._now()
        work = self._work(rep, pending, {"Status": "Opened", "AcceptDateTime": now})
        self._database.delete("PendingServiceRouting", pending["Id"])
        call = self._database.first("VoiceCall", Id=pending["WorkItemId"])
        if call is not None:
            changes: Record = {"OwnerId": rep.user_id, "UserId": rep.user_id}
            changes |= {"CallDisposition": "in-progress"} if call["CallDisposition"] == "new" else {}
            changes |= {} if call["CallAcceptDateTime"] else {"CallAcceptDateTime": now}
            self._database.update("VoiceCall", call["Id"], changes, by_system=True)
        return work

    def _work(self, rep: _Presence, pending: Record, fields: Record) -> str:
        now = self._now()
        pushed = self._database.first(
            "AgentWork", PendingServiceRoutingId=pending["Id"], UserId=rep.user_id, Status="Assigned"
        )
        if pushed is not None:
            self._database.update("AgentWork", pushed["Id"], fields, by_system=True)
            return str(pushed["Id"])
        return self._database.insert(
            "AgentWork",
            {
                "UserId": rep.user_id,
                "OwnerId": rep.user_id,
                "WorkItemId": pending["WorkItemId"],
                "ServiceChannelId": pending["ServiceChannelId"],
                "PendingServiceRoutingId": pending["Id"],
                "OriginalGroupId": pending["GroupId"],
                "RequestDateTime": pending["CreatedDate"],
                "AssignedDateTime": now,
                "SpeedToAnswer": round((now - pending["CreatedDate"]).total_seconds()),
            }
            | fields,
            by_system=True,
        )

    def _show(self, rep: _Presence) -> None:
        """Write down the rep's presence, and until when the one before it lasted; who is offline has none."""
        now = self._now()
        for past in self._database.find("UserServicePresence", UserId=rep.user_id, IsCurrentState=True):
            seconds = round((now - past["StatusStartDate"]).total_seconds())
            ended = {"IsCurrentState": False, "StatusEndDate": now, "StatusDuration": seconds}
            self._database.update("UserServicePresence", past["Id"], ended, by_system=True)
        status = self._database.first("ServicePresenceStatus", IsActive=True)
        if rep.online and status is not None:
            self._database.insert(
                "UserServicePresence",
                {
                    "UserId": rep.user_id,
                    "OwnerId": rep.user_id,
                    "ServicePresenceStatusId": status["Id"],
                    "IsCurrentState": True,
                    "ConfiguredCapacity": rep.capacity,
                    "StatusStartDate": now,
                },
                by_system=True,
            )

    def _rep(self, username: str) -> _Presence:
        rep = self._reps.get(username)
        if rep is None:
            raise RepError(f"there is no rep {username}; known: {', '.join(self._reps) or 'none'}")
        return rep

    def _has_room(self, rep: _Presence) -> bool:
        return rep.online and len(self._open_work(rep)) < rep.capacity

    def _open_work(self, rep: _Presence) -> list[Record]:
        return self._database.find("AgentWork", UserId=rep.user_id, Status="Opened")

    def _waiting_for(self, rep: _Presence, voice_call_id: str | None) -> list[Record]:
        """What the rep may take, oldest first."""
        find = self._database.find
        queues = [member["GroupId"] for member in find("GroupMember", UserOrGroupId=rep.user_id)]
        waiting = [one for queue in queues for one in find("PendingServiceRouting", GroupId=queue)]
        waiting += find("PendingServiceRouting", PreferredUserId=rep.user_id)
        fitting = [one for one in waiting if voice_call_id is None or one["WorkItemId"][:15] == voice_call_id[:15]]
        return sorted(fitting, key=lambda one: one["CreatedDate"])

    def _declined(self, rep: _Presence, pending: Record) -> bool:
        works = self._database.find("AgentWork", WorkItemId=pending["WorkItemId"], UserId=rep.user_id)
        return any(work["Status"] == "Declined" for work in works)
