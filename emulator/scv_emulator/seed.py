"""What an org contains before the first call: contact centers, numbers, queues, reps, users, connected apps."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactCenter:
    """A contact center. `api_name` is the token's `sub`; without a certificate the emulator makes its own key."""

    api_name: str = "DemoContactCenter"
    display_name: str = "Demo Contact Center"
    certificate_pem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """An Omni-Channel queue. Without `external_id` it is not mapped to the telephony system: routing to it fails."""

    developer_name: str = "Voicemail"
    label: str = ""
    external_id: str = ""
    reps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rep:
    """A rep who works on queues. `accepts_automatically` takes work as soon as there is some; `admin` as for a user."""

    username: str = "rep@example.com"
    name: str = "Robin Rep"
    online: bool = True
    capacity: int = 5
    accepts_automatically: bool = False
    external_id: str = ""
    admin: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """An Omni-Channel flow that decides by CallOrigin, the shape the vendor's guide gives for voicemail.

    `live_queue` empty: the flow has no way for a live call and fails for it.
    """

    developer_name: str = "Voicemail_Omni_Routing"
    voicemail_queue: str = "Voicemail"
    live_queue: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneChannel:
    """A number that callers dial, with its voicemail flow and fallback queue; both may be empty.

    Live calls have a flow and a fallback queue of their own; left out, they are those of voicemails.
    """

    number: str = "+18005550100"
    contact_center: str = "DemoContactCenter"
    flow: str = "Voicemail_Omni_Routing"
    fallback_queue: str = "Voicemail"
    live_flow: str | None = None
    live_fallback_queue: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A user who is not a rep: an integration user, an administrator.

    Who is no `admin` may do only what the permission sets allow that are assigned to them.
    """

    username: str = "integration@example.com"
    name: str = "Integration User"
    admin: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """A connected app for the OAuth JWT bearer flow; `usernames` are the users who approved it."""

    consumer_key: str = "3MVG9DemoConnectedAppOfTheEmulator"
    usernames: tuple[str, ...] = ("integration@example.com",)
    certificate_pem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """The whole org. The first of each kind is the one that the emulator's own settings file points at."""

    org_id: str = "00DHs000000EmuLMAS"
    org_name: str = "Emulated Org"
    contact_centers: tuple[ContactCenter, ...] = (ContactCenter(),)
    queues: tuple[Queue, ...] = (
        Queue(developer_name="Voicemail", external_id="voicemail-queue", reps=("rep@example.com",)),
        Queue(developer_name="Live_Calls", label="Live Calls", external_id="live-queue", reps=("rep@example.com",)),
    )
    reps: tuple[Rep, ...] = (Rep(external_id="rep-agent"),)
    flows: tuple[Flow, ...] = (Flow(live_queue="Live_Calls"),)
    phone_channels: tuple[PhoneChannel, ...] = (PhoneChannel(),)
    users: tuple[User, ...] = (User(),)
    apps: tuple[App, ...] = (App(),)
