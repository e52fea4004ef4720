"""Packages: what is in the zip, what the manifest names, and what is wrong with either."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scv_emulator.metadata.deployment import Options
from scv_emulator.metadata.package import PackageInvalid, read_package

from tests.unit.emulator.metadata.packages import Target, a_manifest, a_target, a_zip, an_object, metadata

PERMISSION = metadata("CustomPermission", "<label>Hear</label>")
CLASS = metadata("ApexClass", "<apiVersion>66.0</apiVersion>")
TAB = metadata("CustomTab", "<customObject>true</customObject>\n<motif>Custom1: Heart</motif>")


def test_every_kind_of_file_becomes_its_component(target: Target) -> None:
    """Objects with their parts, files with a description beside them, bundles, folders."""
    result = target.deploy(
        {
            "objects/Message__c.object": an_object("<listViews><fullName>All</fullName></listViews>"),
            "classes/A.cls": "public class A {}",
            "classes/A.cls-meta.xml": CLASS,
            "lwc/player/player.js": "export default 1;",
            "lwc/player/player.js-meta.xml": metadata("LightningComponentBundle", "<isExposed>true</isExposed>"),
            "reports/Mine-meta.xml": metadata("ReportFolder", "<name>Mine</name>"),
            "reports/Mine/All.report": metadata("Report", "<reportType>CustomEntity$Message__c</reportType>"),
            "settings/Case.settings": metadata("CaseSettings", ""),
            "package.xml": a_manifest(
                CustomObject="Message__c",
                ApexClass="A",
                LightningComponentBundle="player",
                Report=["Mine/", "Mine/All"],
            ).replace("<version>", "<types><members>*</members><name>Settings</name></types><version>"),
        }
    )

    assert result["details"]["componentFailures"] == []
    assert {(one["componentType"], one["fullName"]) for one in result["details"]["componentSuccesses"]} == {
        ("CustomObject", "Message__c"),
        ("CustomField", "Message__c.Key__c"),
        ("ListView", "Message__c.All"),
        ("ApexClass", "A"),
        ("LightningComponentBundle", "player"),
        ("ReportFolder", "Mine"),
        ("Report", "Mine/All"),
        ("Settings", "Case"),
    }


def test_what_the_manifest_does_not_name_is_refused(target: Target) -> None:
    """A file, or a part of an object file, that nobody listed."""
    files = {"objects/Case.object": metadata("CustomObject", "<fields><fullName>A__c</fullName></fields>")}

    assert target.problems(files | {"tabs/X.tab": TAB}, CustomPermission=[]) == [
        ("Case.A__c", "Not in package.xml", 2),
        ("X", "Not in package.xml", 1),
    ]


def test_what_the_manifest_names_and_the_zip_has_not_is_refused(target: Target) -> None:
    """And a type that nobody has heard of, by its name."""
    found = target.problems({}, ApexClass="A", Teapot="Green")

    assert found == [
        ("package.xml", "Unknown type name 'Teapot' specified in package.xml", 0),
        ("A", "An object 'A' of type ApexClass was named in package.xml, but was not found in zipped directory", 0),
    ]


@pytest.mark.parametrize(
    ("content", "problem", "line"),
    [
        ("<CustomPermission", "Error parsing file: unclosed token", 1),
        (PERMISSION.replace("</label>", "</lable>"), "Error parsing file: mismatched tag", 2),
        ('<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "a document type declaration is not allowed", 1),
        (metadata("CustomTab", ""), "The root element must be CustomPermission", 1),
        ("<CustomPermission><label>x</label></CustomPermission>", "in the namespace", 1),
        (PERMISSION.replace("</label>", "</label>\n<nope/>"), "invalid at this location in type CustomPermission", 3),
        (
            metadata("CustomPermission", "<label>a</label>\n<description>b</description>\n<label>c</label>"),
            "duplicated",
            4,
        ),
    ],
)
def test_a_broken_file_is_refused_with_its_line(target: Target, content: str, problem: str, line: int) -> None:
    """Malformed, with a document type, of another type, without namespace, with unknown or scattered elements."""
    ((name, found, at),) = target.problems({"customPermissions/P.customPermission": content}, CustomPermission="P")

    assert (name, at) == ("P", line)
    assert problem in found


def test_a_file_in_an_unknown_folder_is_refused(target: Target) -> None:
    """The emulator says that it does not know the folder."""
    ((_, problem, _),) = target.problems({"teapots/Green.teapot": "<x/>"}, CustomPermission=[])

    assert problem == "The emulator does not know the folder 'teapots'"


def test_content_without_its_description_is_refused(target: Target) -> None:
    """An Apex class needs its -meta.xml."""
    ((_, problem, _),) = target.problems({"classes/A.cls": "public class A {}"}, ApexClass="A")

    assert problem == "classes/A.cls-meta.xml is missing"


@pytest.mark.parametrize("content", [b"", b"not a zip", a_zip({"objects/X.object": "<x/>"})])
def test_a_zip_without_a_manifest_fails_the_whole_deploy(target: Target, content: bytes) -> None:
    """With a sentence in errorMessage."""
    job = target.org.deploys.start(content, Options(), user_id="")
    target.org.settle()

    assert (job.status, bool(job.result(details=False)["errorMessage"])) == ("Failed", True)


def test_a_package_may_lie_in_a_folder(target: Target) -> None:
    """As a zip does that is made of an unpackaged folder."""
    files = {"customPermissions/P.customPermission": PERMISSION, "package.xml": a_manifest(CustomPermission="P")}

    result = target.deploy({f"unpackaged/{name}": content for name, content in files.items()})

    assert result["status"] == "Succeeded"


def test_the_stored_types_are_stored_and_listed(target: Target) -> None:
    """Redeploying changes, it does not create again."""
    files = {
        "cspTrustedSites/S.cspTrustedSite": metadata("CspTrustedSite", "<endpointUrl>https://x.example</endpointUrl>")
    }

    first = target.deploy(files, CspTrustedSite="*")["details"]["componentSuccesses"][0]
    second = target.deploy(files, CspTrustedSite="*")["details"]["componentSuccesses"][0]

    assert (first["created"], second["created"], first["id"]) == (True, False, second["id"])
    assert [one.full_name for one in target.org.deploys.components.of_type("CspTrustedSite")] == ["S"]


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_fail_otherwise(content: bytes) -> None:
    """Whatever is sent instead of a zip is refused as a package."""
    with pytest.raises(PackageInvalid):
        read_package(content)


TAGS = ["label", "fields", "fullName", "type", "length", "name", "queueSobject", "sobjectType", "objectPermissions"]
TREES = st.recursive(
    st.sampled_from(["", "x", "Case", "Text", "-1", "true", "Voicemail__c"]),
    lambda inner: st.lists(st.tuples(st.sampled_from(TAGS), inner), max_size=4).map(
        lambda pairs: "".join(f"<{tag}>{text}</{tag}>" for tag, text in pairs)
    ),
    max_leaves=12,
)
KINDS = [
    ("CustomObject", "objects/{}.object"),
    ("Queue", "queues/{}.queue"),
    ("QueueRoutingConfig", "queueRoutingConfigs/{}.queueRoutingConfig"),
    ("PermissionSet", "permissionsets/{}.permissionset"),
    ("Flow", "flows/{}.flow"),
    ("CustomMetadata", "customMetadata/{}.md"),
    ("FlexiPage", "flexipages/{}.flexipage"),
]
ORG = a_target()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(KINDS), st.sampled_from(["A", "Case", "A__c", "A.b", "A__mdt", ""]), TREES)
def test_no_content_makes_a_deploy_crash(kind: tuple[str, str], name: str, body: str) -> None:
    """Nonsense of every type ends as a failure with a sentence, or is deployed; the org goes on."""
    root, path = kind

    result = ORG.deploy({path.format(name): metadata(root, body)}, check_only=True, **{root: "*"})

    assert result["done"]
    assert all(one["problem"] for one in result["details"]["componentFailures"])
