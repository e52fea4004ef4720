"""Defects of what people read, of versions, of the project's own files and of manifests."""

from __future__ import annotations

from tests.sfdx.mutants.planting import MAIN, VOICE, Mutant, drop, misspelt, move, remove

FIELD = f"{MAIN}/objects/Voicemail__c/fields/Language__c.field-meta.xml"
QUEUE = f"{VOICE}/queues/Voicemail.queue-meta.xml"
REP = f"{MAIN}/permissionsets/Voicemail_Rep.permissionset-meta.xml"
LONG_NAME = "A_Field_With_A_Name_That_Is_Longer_Than_40"

MUTANTS = (
    misspelt(
        "label too long",
        FIELD,
        "<label>Language",
        f"<label>{'Language ' * 5}",
        caught_by="lengths",
        says="40 are allowed",
    ),
    misspelt(
        "help text too long",
        FIELD,
        "<inlineHelpText>",
        f"<inlineHelpText>{'Help. ' * 90}",
        caught_by="lengths",
        says="510",
    ),
    misspelt("label empty", FIELD, "<label>Language<", "<label><", caught_by="lengths", says="is empty"),
    misspelt(
        "description too long",
        REP,
        "<description>",
        f"<description>{'Listens. ' * 30}",
        caught_by="lengths",
        says="255 are allowed",
    ),
    Mutant(
        defect="name too long",
        plant=move(FIELD, FIELD.replace("Language__c", f"{LONG_NAME}__c")),
        caught_by="lengths",
        says="40 are allowed",
    ),
    Mutant(
        defect="field without description",
        plant=drop(FIELD, "description"),
        caught_by="descriptions",
        says="has no description",
    ),
    Mutant(
        defect="field without help text",
        plant=drop(FIELD, "inlineHelpText"),
        caught_by="descriptions",
        says="has no inlineHelpText",
    ),
    Mutant(
        defect="queue without description",
        plant=drop(QUEUE, "description"),
        caught_by="descriptions",
        says="has no description",
    ),
    misspelt(
        "wrong version of a class",
        f"{MAIN}/classes/VoicemailPlayerController.cls-meta.xml",
        "66.0",
        "65.0",
        caught_by="versions",
        says="apiVersion is 65.0, not 66.0",
    ),
    misspelt(
        "version of a component missing",
        f"{MAIN}/lwc/voicemailPlayer/voicemailPlayer.js-meta.xml",
        "    <apiVersion>66.0</apiVersion>\n",
        "",
        caught_by="versions",
        says="apiVersion is nothing",
    ),
    misspelt(
        "property that the project file does not have",
        "sfdx-project.json",
        '"namespace"',
        '"nameSpace"',
        caught_by="project files",
        says="nameSpace",
    ),
    misspelt(
        "version of the project that is no version",
        "sfdx-project.json",
        '"66.0"',
        '"sixty-six"',
        caught_by="project files",
        says="sourceApiVersion",
    ),
    misspelt(
        "feature that scratch orgs do not have",
        "config/project-scratch-def.json",
        '"ServiceUser"',
        '"ServiceUsers"',
        caught_by="project files",
        says="features",
    ),
    misspelt(
        "version of a manifest",
        "sfdx/manifest/core.xml",
        "66.0",
        "65.0",
        caught_by="manifests",
        says="version is not 66.0",
    ),
    misspelt(
        "component missing in a manifest",
        "sfdx/manifest/voice.xml",
        "        <members>Voicemail_Omni_Routing</members>\n",
        "",
        caught_by="manifests",
        says="Flow Voicemail_Omni_Routing is missing",
    ),
    misspelt(
        "component in a manifest that is not there",
        "sfdx/manifest/full.xml",
        "<members>Hear_Voicemails",
        "<members>See_Voicemails",
        caught_by="manifests",
        says="there is no CustomPermission See_Voicemails",
    ),
    Mutant(
        defect="manifest missing", plant=remove("sfdx/manifest/core.xml"), caught_by="manifests", says="cannot be read"
    ),
)
