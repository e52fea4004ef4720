"""The contact flows that are shipped, and every defect that the checks have to find in them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from scv_emulator.connect.flow import Flow, FlowKind, flow_of
from scv_emulator.connect.flow_checks import check, check_file, main
from scv_emulator.connect.flow_finding import RULES

from tests.unit.emulator.connect.flow_mutants import MUTANTS, Mutant
from tests.unit.emulator.connect.rehearsal import FOLDER, PARAMETERS, REPOSITORY, our_flows

NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
CONNECT_FLOW = Path(sys.executable).with_name("connect-flow")


def the_json(name: str) -> dict[str, Any]:
    """A shipped flow as it is in its file."""
    data: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return data


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_wrong_with_a_shipped_flow(name: str) -> None:
    """Neither for Amazon Connect nor for a voicemail, and it names only parameters that the template has."""
    found = check_file(FOLDER / f"{name}.json", parameters=PARAMETERS)

    assert found == []


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: f"{one.flow}: {one.defect}")
def test_a_planted_defect_is_found(mutant: Mutant) -> None:
    """By the rule that is made for it, and with a way to put it right."""
    data = the_json(mutant.flow)
    mutant.plant(data)

    found = check(flow_of(json.dumps(data), name=mutant.flow), parameters=PARAMETERS)

    assert mutant.rule in {one.rule for one in found}, [str(one) for one in found]
    assert all(one.fix for one in found)


def test_every_rule_finds_something() -> None:
    """A rule that nothing breaks may be one that cannot be broken."""
    planted = {one.rule for one in MUTANTS}

    assert planted | {"flow.shape"} == RULES.keys()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"Version": "2019-10-30", "StartAction": "A", "Actions": [{}]}'])
def test_what_is_no_flow_is_said_to_be_none(text: str, tmp_path: Path) -> None:
    """A file that cannot be read is a finding, not a crash."""
    path = tmp_path / "flow.json"
    path.write_text(text, encoding="utf-8")

    assert [one.rule for one in check_file(path)] == ["flow.shape"]


def test_the_voicemail_is_the_same_in_the_module_and_in_the_queue() -> None:
    """A queue flow cannot invoke a module, so it holds the same blocks; only their ends differ."""
    module, queue = our_flows()["voicemail_module"], our_flows()["in_queue_offer"]
    exits = {"Return": ("Resume the routing", "Hang up")}

    for action in module.actions:
        if action.name in exits:
            continue
        twin = queue.by_name[action.name]
        assert (twin.type, twin.parameters) == (action.type, action.parameters)
        for (why, to), (other_why, other_to) in zip(action.edges(), twin.edges(), strict=True):
            assert why == other_why
            assert other_to in exits.get(to, (to,))


def test_the_streaming_module_differs_only_in_what_it_records() -> None:
    """The same words, keys and attributes."""
    ivr, kvs = our_flows()["voicemail_module"], our_flows()["voicemail_module_kvs"]
    recording = {"Start recording", "Stop recording", "Recording off"}

    assert {one.name for one in ivr.actions} - {one.name for one in kvs.actions} == recording
    different = {one.name for one in kvs.actions if ivr.by_name[one.name].parameters != one.parameters}
    assert different == {"Note the caller"}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("voicemail_module", FlowKind.MODULE),
        ("voicemail_flow", FlowKind.CONTACT_FLOW),
        ("in_queue_offer", FlowKind.CUSTOMER_QUEUE),
        ("customer_whisper", FlowKind.CUSTOMER_WHISPER),
        ("agent_whisper", FlowKind.AGENT_WHISPER),
    ],
)
def test_a_file_says_what_type_of_flow_it_is(name: str, kind: FlowKind) -> None:
    """As the console's exports do."""
    assert our_flows()[name].kind is kind


@pytest.mark.parametrize("name", NAMES)
def test_every_block_has_a_place_of_its_own_in_the_picture(name: str) -> None:
    """The console shows the flow as it is laid out here."""
    flow = our_flows()[name]

    places = [tuple(flow.metadata["ActionMetadata"][one.name]["position"].values()) for one in flow.actions]
    assert len(set(places)) == len(flow.actions)


def test_another_tool_reads_the_flows_too() -> None:
    """connect-flow finds no dangling transition and no orphan, and sees through a change of names alone."""
    files = [str(FOLDER / f"{name}.json") for name in NAMES]

    lint = subprocess.run([CONNECT_FLOW, "lint", *files], capture_output=True, text=True, check=False)
    digest = subprocess.run([CONNECT_FLOW, "digest", *files], capture_output=True, text=True, check=False)

    assert lint.returncode == 0, lint.stdout
    assert digest.returncode == 0, digest.stderr
    assert len(digest.stdout.splitlines()) == len(files)


def test_the_command_tells_findings_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line for each, or one object with all of them."""
    broken = the_json("voicemail_module")
    broken["StartAction"] = "Begin"
    path = tmp_path / "broken.json"
    path.write_text(json.dumps(broken), encoding="utf-8")

    fine = main([str(FOLDER / "voicemail_flow.json")])
    failed = main([str(path)])
    told = capsys.readouterr().out
    as_json = main(["--json", str(path)])
    findings = json.loads(capsys.readouterr().out)["findings"]

    assert (fine, failed, as_json) == (0, 1, 1)
    assert "broken: there is no action 'Begin' [flow.start] → let StartAction name one of the actions" in told
    assert {"flow", "action", "rule", "problem", "fix", "vendor"} == findings[0].keys()


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is no finding about a flow."""
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path / "nowhere.json")])

    assert ended.value.code == 2
    assert "there is no file" in capsys.readouterr().err


def test_the_rules_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Each with what to do about it."""
    status = main(["--list-rules"])

    assert status == 0
    assert len(capsys.readouterr().out.splitlines()) == 2 * len(RULES)


def rendered(name: str) -> Flow:
    """A flow as the template of the contact flows deploys it."""
    sys.path.insert(0, str(REPOSITORY / "scripts"))
    try:
        import contact_flow_template as template
    finally:
        sys.path.pop(0)
    [one] = [one for one in template.INSTALLED if one.file == name]
    content = template.template()["Resources"][one.resource]["Properties"]["Content"]
    text = content["Fn::Sub"] if isinstance(content, dict) else content
    return flow_of(text[0] if isinstance(text, list) else text, name=name)


@pytest.mark.parametrize("name", NAMES)
def test_the_template_deploys_what_is_in_the_file(name: str) -> None:
    """Nothing is lost on the way, and only parameters are filled in."""
    deployed, written = rendered(name), our_flows()[name]

    assert deployed.actions == written.actions
    assert deployed.tokens <= PARAMETERS.keys()


def test_the_template_refuses_a_flow_that_names_what_it_does_not_have() -> None:
    """CloudFormation would refuse it later, and less clearly."""
    sys.path.insert(0, str(REPOSITORY / "scripts"))
    try:
        import contact_flow_template as template
    finally:
        sys.path.pop(0)

    with pytest.raises(ValueError, match="Nothing"):
        template.render({"Actions": [{"Parameters": {"Text": "${Nothing}"}}]})
