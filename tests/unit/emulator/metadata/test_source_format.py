"""Projects in source format become packages; this repository's own project deploys, as a whole and without Voice."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from scv_emulator.metadata.source_format import package_of
from scv_emulator.server import Emulator
from scv_emulator.switches import Switches

from tests.unit.emulator.metadata.packages import a_manifest, a_zip, metadata

PROJECT = Path(__file__).parents[4] / "sfdx" / "force-app"


def write(folder: Path, name: str, content: str) -> None:
    """One file of a project."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def test_the_parts_of_an_object_are_put_together(tmp_path: Path) -> None:
    """Also from several folders; tests of components are left out, folders and bundles keep their files."""
    fields = "default/objects/Case/fields"
    write(tmp_path, f"main/{fields}/A__c.field-meta.xml", metadata("CustomField", "<fullName>A__c</fullName>"))
    write(tmp_path, f"voice/{fields}/B__c.field-meta.xml", metadata("CustomField", "<fullName>B__c</fullName>"))
    write(tmp_path, "main/default/lwc/player/player.js", "")
    write(tmp_path, "main/default/lwc/player/player.js-meta.xml", metadata("LightningComponentBundle", ""))
    write(tmp_path, "main/default/lwc/player/__tests__/player.test.js", "")
    write(tmp_path, "main/default/reports/R.reportFolder-meta.xml", metadata("ReportFolder", ""))
    write(tmp_path, "main/default/reports/R/X.report-meta.xml", metadata("Report", ""))
    write(tmp_path, "main/default/classes/A.cls", "")
    write(tmp_path, "main/default/classes/A.cls-meta.xml", metadata("ApexClass", ""))

    with zipfile.ZipFile(io.BytesIO(package_of(tmp_path))) as archive:
        names, manifest = archive.namelist(), archive.read("package.xml").decode()
        case = archive.read("objects/Case.object").decode()

    assert names == [
        "classes/A.cls",
        "classes/A.cls-meta.xml",
        "lwc/player/player.js",
        "lwc/player/player.js-meta.xml",
        "objects/Case.object",
        "package.xml",
        "reports/R-meta.xml",
        "reports/R/X.report",
    ]
    assert case.count("<fields>") == 2
    assert "<types><members>R</members><members>R/X</members><name>Report</name></types>" in manifest
    assert "<members>Case.A__c</members><members>Case.B__c</members>" in manifest
    assert "<name>CustomObject</name>" not in manifest


@pytest.mark.parametrize("name", ["teapots/Green.teapot-meta.xml", "default/queues/Q.queue", "default/objects/A/b/c.x"])
def test_a_file_of_no_type_is_named(tmp_path: Path, name: str) -> None:
    """Instead of being left out."""
    write(tmp_path, name, "<x/>")

    with pytest.raises(ValueError, match=Path(name).name):
        package_of(tmp_path)


def test_this_repositorys_project_deploys() -> None:
    """Every component, with its flows active; twice over changes and creates nothing."""
    emulator = Emulator()

    first, second = emulator.deploy(PROJECT), emulator.deploy(PROJECT)

    failures = [(one["fullName"], one["problem"]) for one in first["details"]["componentFailures"]]
    assert (first["status"], failures) == ("Succeeded", [])
    assert not any(one["created"] for one in second["details"]["componentSuccesses"])
    flows = emulator.org.database.all("FlowDefinitionView")
    assert {one["ApiName"]: one["IsActive"] for one in flows} == {
        "VoiceCall_After_Save_Link_Case": True,
        "VoiceCall_Late_Recording": True,
        "Voicemail_Find_Or_Create_Case": True,
        "Voicemail_Omni_Routing": True,
    }


def test_the_main_half_needs_no_voice() -> None:
    """In an org without Service Cloud Voice, main deploys and voice does not."""
    emulator = Emulator(switches=Switches(voice_enabled=False))

    main, voice = emulator.deploy(PROJECT / "main"), emulator.deploy(PROJECT / "voice")

    assert (main["status"], main["details"]["componentFailures"]) == ("Succeeded", [])
    problems = " ".join(one["problem"] for one in voice["details"]["componentFailures"])
    assert voice["status"] == "Failed"
    assert "VoiceCall" in problems


def test_permission_sets_are_assigned_once() -> None:
    """By name; a name that is not there is told."""
    emulator = Emulator()
    emulator.deploy(PROJECT / "main")

    for _ in range(2):
        emulator.assign("integration@example.com", "Voicemail_Integration")
    with pytest.raises(LookupError, match="Nope"):
        emulator.assign("integration@example.com", "Nope")

    assert len(emulator.org.database.all("PermissionSetAssignment")) == 1


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("sfdc_phone</setupReference>", "nope</setupReference>"), 'The ServiceChannel "nope" doesn\'t exist.'),
        (("<object>Group</object>", "<object>Grupp</object>"), 'The object "Grupp"'),
        (("<field>DeveloperName</field>", "<field>Nope__c</field>"), 'The field "Nope__c" for the object "Group"'),
    ],
)
def test_a_shipped_flow_with_a_wrong_name_is_refused_and_the_good_one_stays(
    change: tuple[str, str], problem: str
) -> None:
    """A channel, an object, a field; the version that is active is the one from before."""
    path = "voice/flows/Voicemail_Omni_Routing.flow-meta.xml"
    good = (PROJECT / path).read_text(encoding="utf-8")
    emulator = Emulator()
    emulator.deploy(PROJECT)
    before = emulator.org.flows.get("Voicemail_Omni_Routing")

    assert change[0] in good
    wrong = a_zip(
        {
            "flows/Voicemail_Omni_Routing.flow": good.replace(*change),
            "package.xml": a_manifest(Flow="Voicemail_Omni_Routing"),
        }
    )
    (failure,) = emulator.deploy(wrong)["details"]["componentFailures"]
    dry = emulator.deploy(PROJECT, check_only=True)

    assert problem in failure["problem"]
    assert failure["lineNumber"] > 1
    assert dry["success"]
    assert emulator.org.flows.get("Voicemail_Omni_Routing") is before
