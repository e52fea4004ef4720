"""Who a session belongs to: the identity URL and the userinfo resource of OpenID Connect."""

from __future__ import annotations

from typing import Any

from scv_emulator.salesforce.core import Core
from scv_emulator.salesforce.errors import NotFound
from scv_emulator.salesforce.oauth import Session


def identity(core: Core, session: Session) -> dict[str, Any]:
    """What `/id/{org}/{user}` answers."""
    base = core.base_url()
    return {
        "id": core.oauth.identity_url(session.user_id),
        "asserted_user": True,
        "user_id": session.user_id,
        "organization_id": core.org_id,
        "username": session.username,
        "display_name": _person(core, session)["Name"],
        "email": _person(core, session)["Email"],
        "active": True,
        "user_type": "STANDARD",
        "urls": {
            "rest": f"{base}/services/data/v{{version}}/",
            "sobjects": f"{base}/services/data/v{{version}}/sobjects/",
            "query": f"{base}/services/data/v{{version}}/query/",
            "metadata": f"{base}/services/Soap/m/{{version}}/{core.org_id}",
        },
    }


def userinfo(core: Core, session: Session) -> dict[str, Any]:
    """What `/services/oauth2/userinfo` answers."""
    return {
        "sub": core.oauth.identity_url(session.user_id),
        "user_id": session.user_id,
        "organization_id": core.org_id,
        "preferred_username": session.username,
        "name": _person(core, session)["Name"],
        "email": _person(core, session)["Email"],
        "active": True,
    }


def _person(core: Core, session: Session) -> dict[str, Any]:
    try:
        return core.database.get("User", session.user_id)
    except NotFound:
        # A session may outlive its user when a test deletes the user.
        return {"Name": session.username, "Email": None}
