"""The thread that answers for AWS: werkzeug's threaded server, without its habits of a development server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server

_POLL_SECONDS = 0.02


class HttpServer:
    """Serves a WSGI application on 127.0.0.1; `port` 0 takes a free one."""

    def __init__(self, application: Callable[..., Iterable[bytes]], *, port: int = 0) -> None:
        self._server: BaseWSGIServer = make_server(
            "127.0.0.1", port, application, threaded=True, request_handler=_Handler
        )
        self.url = f"http://127.0.0.1:{self._server.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": _POLL_SECONDS},
            name="scv-emulator-aws",
            daemon=True,
        )
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(MotoRequestHandler):
    """HTTP/1.1, which streams answers in chunks; quiet; without Nagle's algorithm, which holds bodies back."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    _dropped = False

    def connection_dropped(self, error: BaseException, environ: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Read no further: a connection that a fault has ended is over (the signature is werkzeug's)."""
        self._dropped = self.close_connection = True

    def finish(self) -> None:
        """Close a dropped connection here: the server would first say goodbye (FIN)."""
        super().finish()
        if self._dropped:
            self.connection.close()

    def handle_expect_100(self) -> bool:
        """Leave `100 Continue` to werkzeug, which sends it, too."""
        return True

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the name is werkzeug's
        """Say only what went wrong inside."""
        if type == "error":
            super().log(type, message, *args)
