"""Defects of Apex and Lightning web components."""

from __future__ import annotations

from tests.sfdx.mutants.planting import MAIN, Mutant, move, several, swap

APEX = f"{MAIN}/classes/VoicemailPlayerController.cls"
LWC = f"{MAIN}/lwc/voicemailPlayer"


def _said(defect: str, path: str, old: str, new: str, caught_by: str, says: str) -> Mutant:
    return Mutant(defect=defect, plant=swap(path, old, new), caught_by=caught_by, says=says)


MUTANTS = (
    _said("broken Apex", APEX, "return playback;", "return playback", "apex syntax", "VoicemailPlayerController.cls:"),
    _said("brace missing in Apex", APEX, "if (found.isEmpty()) {", "if (found.isEmpty())", "apex syntax", ""),
    _said(
        "field that a query reads",
        APEX,
        "                    Caller_Number__c,",
        "                    Caller__c,",
        "apex names",
        "Caller__c",
    ),
    _said(
        "field of another object in a query",
        APEX,
        "                    Caller_Number__c,",
        "                    Voicemail_Caller_Number__c,",
        "apex names",
        "no field Voicemail_Caller_Number__c",
    ),
    _said(
        "status that does not exist, in Apex", APEX, "'Called back'", "'CalledBack'", "apex names", "never 'CalledBack'"
    ),
    _said(
        "custom permission in Apex",
        APEX,
        "'Hear_Voicemails'",
        "'Hear_Voicemail'",
        "apex names",
        "custom permission Hear_Voicemail",
    ),
    _said(
        "VoiceCall in Apex of main/",
        APEX,
        "    private static Boolean mayHear() {",
        "    private VoiceCall call;\n\n    private static Boolean mayHear() {",
        "main alone",
        "VoiceCall comes with",
    ),
    _said(
        "method that is not for components",
        APEX,
        "@AuraEnabled\n    public static String recordingUrl",
        "public static String recordingUrl",
        "component names",
        "no public static method recordingUrl",
    ),
    _said(
        "wired method that is not cacheable",
        APEX,
        "@AuraEnabled(cacheable=true)",
        "@AuraEnabled",
        "component names",
        "not cacheable",
    ),
    _said(
        "method that does not exist",
        f"{LWC}/voicemailPlayer.js",
        "VoicemailPlayerController.setStatus",
        "VoicemailPlayerController.mark",
        "component names",
        "method mark",
    ),
    _said(
        "class that does not exist",
        f"{LWC}/voicemailPlayer.js",
        "VoicemailPlayerController.setStatus",
        "PlayerController.setStatus",
        "component names",
        "no class PlayerController",
    ),
    _said(
        "schema import that does not exist",
        f"{LWC}/voicemailPlayer.js",
        "import { clockTime",
        "import NAME from '@salesforce/schema/Voicemail__c.Title__c';\nimport { clockTime",
        "component names",
        "no field Title__c",
    ),
    _said(
        "module that does not exist",
        f"{LWC}/voicemailPlayer.js",
        "'./sound'",
        "'./sounds'",
        "component names",
        "no file ./sounds",
    ),
    _said(
        "field in a component",
        f"{LWC}/voicemailPlayer.html",
        "voicemail.Received_At__c",
        "voicemail.Received__c",
        "component names",
        "nothing is called Received__c",
    ),
    _said("status in a component", f"{LWC}/words.js", "'Heard'", "'Listened'", "component names", "never 'Listened'"),
    _said(
        "child component that does not exist",
        f"{LWC}/voicemailPlayer.html",
        "<lightning-spinner alternative",
        "<c-wave-form></c-wave-form>\n<lightning-spinner alternative",
        "component names",
        "no component waveForm",
    ),
    _said(
        "broken template",
        f"{LWC}/voicemailPlayer.html",
        "</template>\n",
        "",
        "component compiler",
        "voicemailPlayer.html",
    ),
    _said(
        "template with an expression",
        f"{LWC}/voicemailPlayer.html",
        "{callerText}",
        "{caller.text + 1}",
        "component compiler",
        "voicemailPlayer.html",
    ),
    _said(
        "broken JavaScript",
        f"{LWC}/voicemailPlayer.js",
        "handlePlayPause() {",
        "handlePlayPause( {",
        "component compiler",
        "voicemailPlayer.js",
    ),
    Mutant(
        defect="name of a component that is not camelCase",
        plant=several(
            move(f"{LWC}/voicemailPlayer.js", f"{MAIN}/lwc/Player/Player.js"),
            move(f"{LWC}/voicemailPlayer.js-meta.xml", f"{MAIN}/lwc/Player/Player.js-meta.xml"),
        ),
        caught_by="full names",
        says="Player is no API name",
    ),
)
