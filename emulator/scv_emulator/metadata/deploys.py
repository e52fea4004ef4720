"""The deploy jobs of the org: accepted at once, carried out a little later, asked about by id.

Source: Metadata API Developer Guide, "deploy()", "checkDeployStatus()", "cancelDeploy()"; REST resource
"deployRequest".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from scv_emulator.due import DueWork
from scv_emulator.ids import is_wellformed, to_18
from scv_emulator.metadata.component import Message
from scv_emulator.metadata.deployment import Components, Deployment, Options
from scv_emulator.metadata.package import PackageInvalid, read_package
from scv_emulator.salesforce.errors import NotImplementedHere, SalesforceError
from scv_emulator.salesforce.field_values import format_datetime

NO_TESTS = ("", "NoTestRun")
_MAX_ZIP_BYTES = 39_000_000
_KEPT_JOBS = 200


@dataclass(slots=True, kw_only=True)
class Deploy:
    """One job. `status` is Pending, InProgress, Succeeded, SucceededPartial, Failed or Canceled."""

    id: str
    content: bytes
    options: Options
    user_id: str
    user_name: str
    created: datetime
    status: str = "Pending"
    started: datetime | None = None
    completed: datetime | None = None
    messages: list[Message] = field(default_factory=list)
    error: str = ""

    @property
    def done(self) -> bool:
        """Whether nothing more will happen."""
        return self.status not in ("Pending", "InProgress")

    def result(self, *, details: bool) -> dict[str, Any]:
        """The DeployResult; with `details`, what became of each component. JSON-ready."""
        failures = [one for one in self.messages if not one.success]
        successes = [one for one in self.messages if one.success]
        moments = [moment for moment in (self.completed, self.started, self.created) if moment is not None]
        result: dict[str, Any] = {
            "checkOnly": self.options.check_only,
            "completedDate": _moment(self.completed),
            "createdBy": self.user_id,
            "createdByName": self.user_name,
            "createdDate": _moment(self.created),
            "details": self._details(failures, successes) if details else {},
            "done": self.done,
            "id": self.id,
            "ignoreWarnings": self.options.ignore_warnings,
            "lastModifiedDate": _moment(moments[0]),
            "numberComponentErrors": len(failures),
            "numberComponentsDeployed": len(successes),
            "numberComponentsTotal": len(self.messages),
            "numberTestErrors": 0,
            "numberTestsCompleted": 0,
            "numberTestsTotal": 0,
            "rollbackOnError": self.options.rollback_on_error,
            "runTestsEnabled": False,
            "startDate": _moment(self.started),
            "status": self.status,
            "success": self.status.startswith("Succeeded"),
        }
        if self.error:
            result |= {"errorMessage": self.error, "errorStatusCode": "UNKNOWN_EXCEPTION"}
        return result

    def _details(self, failures: list[Message], successes: list[Message]) -> dict[str, Any]:
        when = _moment(self.completed or self.created)
        return {
            "componentFailures": [_message(one, when) for one in failures],
            "componentSuccesses": [_message(one, when) for one in successes],
            "runTestResult": {"numFailures": 0, "numTestsRun": 0, "totalTime": 0.0},
        }


class Deploys:
    """The jobs of one org. `delay_ms` is how long a deploy takes; half of it is spent in the queue."""

    def __init__(
        self,
        *,
        deployment: Deployment,
        due: DueWork,
        now: Callable[[], datetime],
        delay_ms: Callable[[], int],
        user_name_of: Callable[[str], str],
        may_deploy: Callable[[str], bool],
    ) -> None:
        self.deployment = deployment
        self._due = due
        self._now = now
        self._delay_ms = delay_ms
        self._user_name_of = user_name_of
        self._may_deploy = may_deploy
        self._jobs: dict[str, Deploy] = {}

    @property
    def components(self) -> Components:
        """What was deployed so far."""
        return self.deployment.components

    def check_user(self, user_id: str) -> None:
        """Refuse a user who may not use the Metadata API."""
        if not self._may_deploy(user_id):
            message = "use of the Metadata API requires a user with the ModifyAllData or ModifyMetadata permissions"
            raise SalesforceError(403, "INSUFFICIENT_ACCESS", message)

    def start(self, content: bytes, options: Options, *, user_id: str, test_level: str = "") -> Deploy:
        """Accept a package; raises `SalesforceError` when it is refused at once."""
        if test_level not in NO_TESTS:
            raise NotImplementedHere(f"Apex tests (testLevel {test_level})")
        if len(content) > _MAX_ZIP_BYTES:
            raise SalesforceError(400, "LIMIT_EXCEEDED", "Maximum size of request reached. Maximum size is 39 MB")
        job = Deploy(
            id=self.deployment.new_id("0Af"),
            content=content,
            options=options,
            user_id=user_id,
            user_name=self._user_name_of(user_id),
            created=self._now(),
        )
        self._jobs[job.id] = job
        while len(self._jobs) > _KEPT_JOBS:
            del self._jobs[next(iter(self._jobs))]
        delay = self._delay_ms()
        self._due.after(delay // 2, lambda: self._begin(job, delay - delay // 2))
        return job

    def finish(self, job: Deploy) -> None:
        """Carry a job out now, whatever its delay."""
        if not job.done:
            job.started = job.started or self._now()
            self._finish(job)

    def start_validated(self, job_id: str, *, user_id: str) -> Deploy:
        """Deploy what was only validated before; raises `SalesforceError`."""
        validated = self.get(job_id)
        if not validated.options.check_only or validated.status != "Succeeded":
            message = f"{job_id} is no validation that succeeded"
            raise SalesforceError(400, "INVALID_ID_FIELD", message)
        options = Options(
            check_only=False,
            rollback_on_error=validated.options.rollback_on_error,
            ignore_warnings=validated.options.ignore_warnings,
        )
        return self.start(validated.content, options, user_id=user_id)

    def get(self, job_id: str) -> Deploy:
        """A job by its id of 15 or 18 characters; raises `SalesforceError`."""
        job = self._jobs.get(to_18(job_id) if is_wellformed(job_id) else job_id)
        if job is None:
            raise SalesforceError(404, "INVALID_CROSS_REFERENCE_KEY", f"no deploy with the id {job_id[:100]}")
        return job

    def cancel(self, job_id: str) -> Deploy:
        """Stop a job that is not done; raises `SalesforceError`."""
        job = self.get(job_id)
        if job.done:
            raise SalesforceError(400, "INVALID_ID_FIELD", "Deployment already completed")
        job.status, job.completed = "Canceled", self._now()
        return job

    def describe(self) -> list[dict[str, Any]]:
        """Every job without its details; JSON-ready."""
        return [job.result(details=False) for job in self._jobs.values()]

    def clear(self) -> None:
        """Forget every job and every component."""
        self._jobs.clear()
        self.deployment.components.stored = {}

    def _begin(self, job: Deploy, rest_ms: int) -> None:
        if not job.done:
            job.status, job.started = "InProgress", self._now()
            self._due.after(rest_ms, lambda: self._finish(job))

    def _finish(self, job: Deploy) -> None:
        if job.done:
            return
        try:
            package = read_package(job.content)
        except PackageInvalid as error:
            job.error = str(error)
            job.messages = [Message(type="", full_name="package.xml", file_name="package.xml", problem=str(error))]
        else:
            with self.deployment.database.acting_as(job.user_id):
                job.messages = self.deployment.run(package, job.options, user_name=job.user_name)
        failed = sum(not one.success for one in job.messages)
        if not failed:
            job.status = "Succeeded"
        elif job.options.rollback_on_error or failed == len(job.messages):
            job.status = "Failed"
        else:
            job.status = "SucceededPartial"
        job.completed = self._now()


def _message(message: Message, when: str | None) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "changed": message.success,
        "componentType": message.type,
        "created": message.created,
        "createdDate": when,
        "deleted": message.deleted,
        "fileName": message.file_name,
        "fullName": message.full_name,
        "success": message.success,
    }
    if message.component_id:
        shown["id"] = message.component_id
    if message.problem:
        shown |= {"problem": message.problem, "problemType": "Error"}
    if message.line:
        shown |= {"lineNumber": message.line, "columnNumber": message.column}
    return shown


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else format_datetime(moment)
