"""Requests that a web page made a browser send here: refused, because they could read or change everything.

Two ways lead from a page on the web to a server on this machine. A name that the page's owner lets point to 127.0.0.1
(DNS rebinding): the browser takes page and server for one, but sends that name as `Host`. A request to another origin:
the browser names the page in `Origin`, or says `Sec-Fetch-Site: cross-site`. Programs send none of these.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

_LOCAL = "localhost"


def refusal(headers: Mapping[str, str], *, names: Collection[str] = ()) -> str:
    """Why a request with these headers (names in lower case) is refused; empty when it is not.

    An address in numbers is nobody's to point elsewhere, and `localhost` never leaves the machine; `names` are others
    that this server answers to.
    """
    host = headers.get("host", "")
    if not _is_ours(_name_in(host), names):
        return (
            f"the host {host[:100]!r} is not this emulator: use http://127.0.0.1 or http://localhost with its port"
            " (a name of your own: Emulator(names=…))"
        )
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
        return f"a page of {origin[:100]!r} may not use this emulator: only its own pages and programs may"
    if headers.get("sec-fetch-site", "").lower() == "cross-site":
        return "a page of another site may not use this emulator: only its own pages and programs may"
    return ""


def _name_in(host: str) -> str:
    """The host without its port, in lower case; empty for what is none."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return ""
    return "" if parts.path or parts.query or parts.fragment or parts.username is not None else parts.hostname or ""


def _is_ours(name: str, names: Collection[str]) -> bool:
    if name == _LOCAL or name.endswith(f".{_LOCAL}") or name in names:
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
