"""An org to deploy to, without a socket; packages are written in a line, deployed, and looked at over HTTP."""

from __future__ import annotations

import asyncio
import io
import zipfile
from dataclasses import dataclass, field
from typing import Any

import httpx
import jwt
from scv_emulator.metadata.deployment import Options
from scv_emulator.org import Org
from scv_emulator.seed import App, Seed, User
from scv_emulator.server import create_app
from scv_emulator.switches import Switches

ADMIN, CLERK = "admin@example.com", "clerk@example.com"
NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
DATA = "/services/data/v66.0"


def metadata(root: str, body: str) -> str:
    """A metadata file: each line of the body stays on its own line, beginning with line 2."""
    return f'<{root} xmlns="{NAMESPACE}">\n{body.strip()}\n</{root}>\n'


def a_manifest(**types: str | list[str]) -> str:
    """A package.xml."""
    parts = ""
    for name, members in types.items():
        listed = [members] if isinstance(members, str) else members
        parts += f"<types>{''.join(f'<members>{one}</members>' for one in listed)}<name>{name}</name></types>"
    return f'<Package xmlns="{NAMESPACE}">{parts}<version>66.0</version></Package>'


def a_zip(files: dict[str, str | bytes]) -> bytes:
    """A zip of these files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def a_field(name: str, body: str, tag: str = "fields") -> str:
    """A field inside an object file, on one line."""
    return f"<{tag}><fullName>{name}</fullName><label>{name}</label>{body}</{tag}>"


AN_OBJECT = (
    "<deploymentStatus>Deployed</deploymentStatus><label>Message</label>"
    "<nameField><displayFormat>M-{0000}</displayFormat><label>Number</label><type>AutoNumber</type></nameField>"
    "<pluralLabel>Messages</pluralLabel><sharingModel>ReadWrite</sharingModel>"
)
KEY_FIELD = a_field(
    "Key__c",
    "<caseSensitive>true</caseSensitive><externalId>true</externalId><length>80</length>"
    "<type>Text</type><unique>true</unique>",
)


def an_object(*parts: str) -> str:
    """The file of the object Message__c with an external id and these parts, one per line."""
    return metadata("CustomObject", "\n".join([AN_OBJECT, KEY_FIELD, *parts]))


@dataclass
class Target:
    """The org, with what a test does to it."""

    org: Org
    tokens: dict[str, str] = field(default_factory=dict)

    def deploy(self, files: dict[str, str | bytes], *, check_only: bool = False, **types: Any) -> dict[str, Any]:
        """Deploy a package with this manifest; the DeployResult."""
        content = a_zip(files | ({"package.xml": a_manifest(**types)} if types else {}))
        job = self.org.deploys.start(content, Options(check_only=check_only), user_id=self.org.user_id_of(ADMIN) or "")
        self.org.settle()
        return job.result(details=True)

    def problems(self, files: dict[str, str | bytes], **types: Any) -> list[tuple[str, str, int]]:
        """Full name, problem and line of each component that failed."""
        failures = self.deploy(files, **types)["details"]["componentFailures"]
        return [(one["fullName"], one["problem"], one.get("lineNumber", 0)) for one in failures]

    def one_problem(self, root: str, path: str, kind: str, name: str, body: str) -> tuple[str, int]:
        """Problem and line of the only component of a package."""
        ((_, problem, line),) = self.problems({path: metadata(root, body)}, **{kind: name})
        return problem, line

    def assign(self, permission_set: str, username: str = CLERK) -> None:
        """Give a user a permission set."""
        found = self.org.database.first("PermissionSet", Name=permission_set)
        assert found is not None
        link = {"PermissionSetId": found["Id"], "AssigneeId": self.org.user_id_of(username)}
        self.org.database.insert("PermissionSetAssignment", link, by_system=True)

    def http(self, method: str, path: str, *, user: str = ADMIN, **options: Any) -> httpx.Response:
        """One request of a user who is logged in."""
        headers = {"Authorization": f"Bearer {self._token(user)}"} | options.pop("headers", {})
        return asyncio.run(self._send(method, path, headers, options))

    def get(self, path: str, **options: Any) -> Any:
        """The JSON of a resource below the data URL."""
        answer = self.http("GET", f"{DATA}/{path}", **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def query(self, soql: str, **options: Any) -> list[dict[str, Any]]:
        """The records that a query finds, without their attributes."""
        found = self.get("query", params={"q": soql}, **options)["records"]
        return [{name: value for name, value in row.items() if name != "attributes"} for row in found]

    async def _send(self, method: str, path: str, headers: dict[str, str], options: Any) -> httpx.Response:
        transport = httpx.ASGITransport(create_app(self.org))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as client:
            return await client.request(method, path, **options)

    def _token(self, username: str) -> str:
        if username not in self.tokens:
            app = self.org.seed.apps[0]
            claims = {"iss": app.consumer_key, "sub": username, "aud": "https://login.salesforce.com"}
            claims |= {"exp": self.org.clock.now_ms() // 1000 + 60}
            key = self.org.app_keys[app.consumer_key].private_key_pem
            grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
            answer = self.org.oauth.token(
                {"grant_type": grant, "assertion": jwt.encode(claims, key, algorithm="RS256")}
            )
            self.tokens[username] = answer["access_token"]
        return self.tokens[username]


def a_target(**switches: Any) -> Target:
    """An org with an administrator and a clerk who may do nothing yet."""
    seed = Seed(
        users=(User(username=ADMIN, name="Ada Admin"), User(username=CLERK, name="Cleo Clerk", admin=False)),
        apps=(App(usernames=(ADMIN, CLERK)),),
    )
    return Target(Org(seed=seed, switches=Switches(**switches)))
