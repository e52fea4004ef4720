"""Sends requests through simple-salesforce: logs in, renews an expired session once, repeats what is safe to repeat."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scv_voicemail import bounds, fence
from scv_voicemail.errors import AuthenticationFailed, SettingsInvalid, Unavailable
from scv_voicemail.salesforce.failures import no_json, our_errors
from scv_voicemail.salesforce.oauth import JwtBearer

if TYPE_CHECKING:
    import requests
    from simple_salesforce.api import Salesforce

FIRST_PAUSE_SECONDS = 0.2
WHOLE_ANSWER_TIMEOUTS = 3
"""An answer that has begun ends within so many times the timeout, however slowly it comes."""
RETRY_BUDGET_SECONDS = 5.0
"""After this long no further try is begun; the journal does the long waiting."""

_API_VERSION = re.compile(r"[1-9]\d\.0")


class Repeat(Enum):
    """When a request may be sent again by itself."""

    ALWAYS = "a reading: after any Unavailable, up to the configured number of tries"
    UNANSWERED = "an idempotent write: once more, when no answer came at all"
    NEVER = "any other write: the caller looks first"


class RestSession:
    """One user's session with one org: `request → _with_retry → _with_session → _send_once`."""

    def __init__(
        self,
        *,
        login_url: str,
        client_id: str,
        username: str,
        private_key_pem: str | Callable[[], str],
        audience: str | None,
        instance_url: str | None,
        api_version: str,
        timeout: tuple[float, float],
        max_tries: int,
        allow_plain_http: bool,
        session: requests.Session | None,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
        jitter: Callable[[], float],
    ) -> None:
        self._allow_plain_http = allow_plain_http
        self._instance_url = self._checked_url("instance URL", instance_url) if instance_url else None
        if not _API_VERSION.fullmatch(api_version):
            raise SettingsInvalid(f"the API version must look like 66.0, not {api_version!r}", service="salesforce")
        if not client_id.strip() or not username.strip():
            raise SettingsInvalid("the connected app's consumer key or the username is missing", service="salesforce")
        self._api_version = api_version
        self._timeout = timeout
        self._max_tries = max(1, max_tries)
        self._now = now
        self._sleep = sleep
        self._jitter = jitter
        self._login = JwtBearer(
            login_url=self._checked_url("login URL", login_url),
            client_id=client_id,
            username=username,
            private_key_pem=private_key_pem,
            audience=audience,
            now=now,
        )
        self._lock = threading.Lock()
        self._session = session
        self._salesforce: Salesforce | None = None

    def close(self) -> None:
        """Give the connections back."""
        if self._session is not None:
            self._session.close()

    def json_object(self, method: str, path: str, *, operation: str, **request: Any) -> Mapping[str, Any]:
        """The JSON object that a request gives; without one nothing is known, which is `Unavailable`."""
        content = self.request(method, path, operation=operation, **request)
        if not isinstance(content, Mapping):
            raise no_json(operation)
        return content

    def request(self, method: str, path: str, *, operation: str, repeat: Repeat = Repeat.ALWAYS, **request: Any) -> Any:
        """The decoded JSON of a reply, or None when it has no content. `path` is below /services/data/vXX.0/."""
        return self._with_retry(repeat, lambda: self._with_session(method, path, operation, request))

    def _with_retry(self, repeat: Repeat, send: Callable[[], Any]) -> Any:
        """Adds other tries, where they are safe, within a number of tries and a time."""
        most = {Repeat.ALWAYS: self._max_tries, Repeat.UNANSWERED: min(2, self._max_tries), Repeat.NEVER: 1}[repeat]
        started_at = self._now()
        for tries in itertools.count(1):
            pause = FIRST_PAUSE_SECONDS * 2.0 ** (tries - 1) * (1 + self._jitter())
            try:
                return send()
            except Unavailable as error:
                spent = (self._now() - started_at).total_seconds()
                answered = repeat is Repeat.UNANSWERED and error.status is not None
                if answered or tries >= most or spent + pause > RETRY_BUDGET_SECONDS:
                    raise
            self._sleep(pause)
        raise AssertionError("unreachable: counting never ends")

    def _with_session(self, method: str, path: str, operation: str, request: Mapping[str, Any]) -> Any:
        """Adds the login, and one new login when the session has expired."""
        salesforce = self._logged_in(instead_of=None)
        try:
            return self._send_once(salesforce, method, path, operation, request)
        except AuthenticationFailed:
            renewed = self._logged_in(instead_of=salesforce)
        return self._send_once(renewed, method, path, operation, request)

    def _send_once(
        self, salesforce: Salesforce, method: str, path: str, operation: str, request: Mapping[str, Any]
    ) -> Any:
        """Sends and reads; the exceptions of simple-salesforce have no headers, so a hook keeps them."""
        import requests  # noqa: PLC0415 - loaded with the first request, not with this module

        headers: dict[str, str] = {}

        def keep_headers(response: requests.Response, *_: object, **__: object) -> None:
            headers.update({name.title(): value for name, value in response.headers.items()})

        if method not in fence.READING:
            fence.check()
        with our_errors(operation, headers):
            try:
                content = salesforce.restful(
                    path,
                    method=method,
                    timeout=self._timeout,
                    allow_redirects=False,
                    hooks={"response": keep_headers},
                    **request,
                )
                bounds.check(content)
            except (TypeError, RecursionError):
                # simple-salesforce takes the length of the reply, which a bare null or number does not have.
                raise no_json(operation) from None
            except ValueError as error:
                if isinstance(error, requests.exceptions.RequestException):
                    raise
                raise no_json(operation) from None
            return content

    def _logged_in(self, *, instead_of: Salesforce | None) -> Salesforce:
        """The session in use; a new one when there is none, or when it is still the one that has expired."""
        from simple_salesforce.api import Salesforce  # noqa: PLC0415 - slow to import

        from scv_voicemail.salesforce.session import a_session  # noqa: PLC0415 - loads requests

        with self._lock:
            if self._salesforce is None or self._salesforce is instead_of:
                self._session = self._session or a_session(total_seconds=WHOLE_ANSWER_TIMEOUTS * self._timeout[1])
                with our_errors("login"):
                    grant = self._login.login(self._session, timeout=self._timeout)
                instance_url = self._instance_url or self._checked_url("instance URL", grant.instance_url)
                # Given a session id, simple-salesforce never logs in by itself.
                self._salesforce = Salesforce(
                    instance_url=instance_url,
                    session_id=grant.access_token,
                    session=self._session,
                    version=self._api_version,
                    object_pairs_hook=dict,
                )
                # It always writes https here; the emulator may speak plain http.
                self._salesforce.base_url = f"{instance_url}/services/data/v{self._api_version}/"
            return self._salesforce

    def _checked_url(self, what: str, url: str) -> str:
        """Scheme and host of a URL. Raises `SettingsInvalid`."""
        try:
            parts = urlsplit(url.strip())
            fine = bool(parts.hostname) and parts.port != 0 and not parts.query and "@" not in parts.netloc
        except ValueError:
            fine = False
        if not fine or parts.path.strip("/"):
            raise SettingsInvalid(f"the {what} must be like https://login.salesforce.com", service="salesforce")
        if parts.scheme != "https" and not (self._allow_plain_http and parts.scheme == "http"):
            raise SettingsInvalid(
                f"the {what} must begin with https:// (plain http is for the emulator)", service="salesforce"
            )
        return f"{parts.scheme}://{parts.netloc}"
