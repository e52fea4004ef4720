"""`python -m scv_emulator`: the emulator in the foreground; its URL is the first line on stdout."""

from __future__ import annotations

import argparse
import errno
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from scv_emulator.connect_door import ConnectDoor, about
from scv_emulator.environment import env_text, write_private
from scv_emulator.metadata.source_format import package_of
from scv_emulator.seed import Seed
from scv_emulator.seed_file import SeedInvalid, load_seed
from scv_emulator.server import Emulator, serve
from scv_emulator.switches import Switches, UnknownSwitch

if TYPE_CHECKING:
    from scv_emulator.aws.local import LocalAws

_FAILED, _USAGE_ERROR = 1, 2
_SCHEMA_VERSION = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the emulator until it is told to stop; the exit status."""
    parser = _parser()
    parser.as_json = "--json" in (sys.argv[1:] if arguments is None else arguments)
    given = parser.parse_args(arguments)
    if given.list_switches:
        sys.stdout.write(_list_switches())
        return 0
    try:
        switches = _switches(given)
        seed = load_seed(given.seed_file) if given.seed_file else Seed()
    except (UnknownSwitch, SeedInvalid) as error:
        parser.error(str(error))
    env_file: Path | None = given.write_env.absolute() if given.write_env else None
    door = ConnectDoor()

    try:
        package = package_of(*given.deploy) if given.deploy else b""
    except (OSError, ValueError) as error:
        parser.error(str(error))
    emulator = Emulator(
        seed=seed,
        switches=switches,
        port=given.port,
        folder=env_file.parent / f"{env_file.name}.d" if env_file else None,
        recordings=given.recordings,
        random_seed=given.seed,
        doors=door.routes() if given.connect is not None else (),
    )
    if package:
        failures = emulator.deploy(package)["details"]["componentFailures"]
        for one in failures:
            place = f"{one['fileName']}:{one.get('lineNumber', 0)}"
            parser.tell(f"{place}: {one['fullName']}: {one['problem']}", kind="Deploy", exit_code=_FAILED)
        if failures:
            return _FAILED
    try:
        serve(emulator, announce=_announcing(given, door, env_file))
    except (OSError, ImportError, _ConnectRefused) as error:
        parser.tell(f"{error}{_fix(error)}", kind=type(error).__name__, exit_code=_FAILED)
        return _FAILED
    finally:
        if door.aws is not None:
            door.aws.stop()
    return 0


class _ConnectRefused(Exception):
    """The template, a parameter or a flow cannot be used."""


def _fix(error: Exception) -> str:
    if isinstance(error, ImportError):
        return "; --connect needs more packages: pip install 'scv-voicemail[emulator-aws]'"
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return "; choose another --port, or leave it out for a free one"
    return ""


def _announcing(given: argparse.Namespace, door: ConnectDoor, env_file: Path | None) -> Callable[[Emulator], None]:
    """What is told once requests are answered, after the local AWS has been started."""

    def announce(emulator: Emulator) -> None:
        told: dict[str, object] = {"url": emulator.url}
        variables = emulator.env()
        if given.connect is not None:
            aws = _start_aws(emulator, door, given)
            told["aws"] = about(aws)
            variables |= _stack_settings(aws, emulator)
        if env_file is not None:
            write_private(env_file, env_text(variables))
        sys.stdout.write(f"{_json(**told) if given.json else emulator.url}\n")
        sys.stdout.flush()
        sys.stderr.write(f"watch it at {emulator.url}/_emulator/ ; stop it with Ctrl+C\n")

    return announce


def _start_aws(emulator: Emulator, door: ConnectDoor, given: argparse.Namespace) -> LocalAws:
    """The local AWS beside the org, carrying deliveries out as time goes by."""
    from scv_emulator.aws import beside_salesforce  # noqa: PLC0415 - needs the extra emulator-aws

    try:
        functions = beside_salesforce.functions_of(given.functions, given.connect, given.python_path)
        parameters = dict(given.parameter)
        aws = beside_salesforce.aws_beside(
            emulator, given.connect, functions=functions, parameters=parameters, random_seed=given.seed
        )
        door.aws = aws.start()
        beside_salesforce.put_keys(aws.client("ssm"), emulator.env())
        door.line = beside_salesforce.phone_line(aws, given.connect)
    except (ValueError, LookupError) as error:
        raise _ConnectRefused(f"{given.connect}: {error}") from error
    aws.run_in_background()
    return aws


def _stack_settings(aws: LocalAws, emulator: Emulator) -> dict[str, str]:
    from scv_emulator.aws import beside_salesforce  # noqa: PLC0415 - needs the extra emulator-aws

    return beside_salesforce.settings(aws, emulator)


class _Parser(argparse.ArgumentParser):
    """Tells errors as JSON too, where JSON was asked for."""

    as_json = False

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.tell(message, kind="Usage", exit_code=_USAGE_ERROR)
        sys.exit(_USAGE_ERROR)

    def tell(self, message: str, *, kind: str, exit_code: int) -> None:
        if self.as_json:
            sys.stdout.write(_json(error={"kind": kind, "message": message, "exit": exit_code}) + "\n")
        sys.stderr.write(f"{self.prog}: {message}\n")


def _json(**data: object) -> str:
    return json.dumps({"schema_version": _SCHEMA_VERSION, **data})


def _parser() -> _Parser:
    parser = _Parser(
        prog="scv_emulator",
        description="A local Salesforce org with Service Cloud Voice.",
        epilog="Example: scv-voicemail emulator --write-env emulator.env --apply-delay-ms 1000;"
        " with AWS: scv-voicemail emulator --write-env emulator.env --connect lambdas/template.yaml",
    )
    add = parser.add_argument
    add("--port", type=_port, default=0, help="port on 127.0.0.1; 0 takes a free one (default)")
    add("--json", action="store_true", help='print {"url": "…", …} instead of the bare URL')
    add("--write-env", type=Path, metavar="FILE", help="write the settings that point the connector here")
    add("--apply-delay-ms", metavar="N", help="the switch apply_delay_ms")
    add("--seed", type=int, default=0, metavar="N", help="repeats record ids and faults with a probability")
    add("--seed-file", type=Path, metavar="FILE", help="TOML or JSON: what the org contains")
    add("--switch", action="append", default=[], metavar="NAME=VALUE", help="turn a switch; may be repeated")
    add("--deploy", action="append", default=[], type=Path, metavar="DIR", help="deploy a project in source format")
    add("--recordings", type=Path, metavar="DIR", help="folder whose files are served as recordings")
    add("--connect", type=Path, metavar="TEMPLATE", help="run a SAM template on a local AWS, with Amazon Connect")
    add("--parameter", action="append", default=[], type=_pair, metavar="NAME=VALUE", help="one of its parameters")
    add("--functions", choices=["worker", "none"], default="worker", help="what stands for Lambda (default: worker)")
    add(
        "--python-path", action="append", default=[], type=Path, metavar="DIR", help="where its functions' packages are"
    )
    add("--list-switches", action="store_true", help="list the switches and exit")
    return parser


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError("expected NAME=VALUE")
    return name, value


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) <= 65_535):
        raise argparse.ArgumentTypeError("expected a number from 0 to 65535")
    return int(text)


def _switches(given: argparse.Namespace) -> Switches:
    switches = Switches()
    for pair in given.switch:
        name, equals, value = pair.partition("=")
        if not equals:
            raise UnknownSwitch(f"--switch takes NAME=VALUE, got {pair!r}")
        switches.set(name, value)
    if given.apply_delay_ms is not None:
        switches.set("apply_delay_ms", given.apply_delay_ms)
    return switches


def _list_switches() -> str:
    lines = []
    for one in Switches().describe():
        default = str(one["default"]).lower() if isinstance(one["default"], bool) else one["default"]
        choices = "|".join(str(choice).lower() for choice in one["choices"])
        lines.append(f"{one['name']}={default}{f'  ({choices})' if choices else ''}\n    {one['sentence']}\n")
    return "".join(lines)


if __name__ == "__main__":
    sys.exit(main())
