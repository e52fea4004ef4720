"""The template and the code agree: names, settings, limits, and what happens to a message that nobody can take."""

from __future__ import annotations

import importlib
import json
import re
from typing import Any

import pytest
from scv_voicemail.intake.contact_attributes import FLAGS
from scv_voicemail.journal.dynamodb_items import table_schema
from scv_voicemail.pipeline import Policy
from scv_voicemail.settings import PREFIX, DynamoDbTable, S3Folder, Settings
from scv_voicemail.transcription.amazon_transcribe import JOB_PREFIX

from tests.lambdas.infrastructure.stack import CONNECT, REPOSITORY, Stack, load

RESOURCES = load("template.yaml")["Resources"]


@pytest.fixture(scope="module")
def stack() -> Stack:
    """A deployment that reads contact records, too."""
    return Stack()


# ------------------------------------------------------------------------------------------------------- functions


def test_every_handler_is_there(stack: Stack) -> None:
    """A typing error would only show at the first voicemail."""
    for name, function in stack.functions().items():
        module, _, attribute = function["Handler"].rpartition(".")

        assert callable(getattr(importlib.import_module(module), attribute)), name


def test_there_is_a_function_for_each_way_in() -> None:
    """The six of the product."""
    functions = [name for name, one in RESOURCES.items() if one["Type"] == "AWS::Serverless::Function"]

    assert functions == [
        "RecordingStoredFunction",
        "ContactRecordFunction",
        "TranscriptionFinishedFunction",
        "DeliverFunction",
        "SweepFunction",
        "FlowCallFunction",
    ]


@pytest.mark.parametrize("extra", [{}, {"Transcriber": "none"}, {"KmsKeyArn": "arn:aws:kms:eu-central-1:1:key/1"}])
def test_the_functions_are_told_settings_that_exist(extra: dict[str, Any]) -> None:
    """Each variable is a setting, and together they are settings that can be used."""
    for name, function in Stack(**extra).functions().items():
        told = function["Environment"]

        unknown = {key for key in told if key.removeprefix(PREFIX).lower() not in Settings.model_fields}
        settings = Settings(
            _env_file=None,
            **{
                key.removeprefix(PREFIX).lower(): re.sub("[<>]", "", str(value))
                for key, value in told.items()
                if value != ""
            },
        )

        assert unknown == set(), name
        assert settings.journal == DynamoDbTable("JournalTable")
        assert settings.transcriber == (() if extra.get("Transcriber") == "none" else ("amazon-transcribe",))


def test_the_sweep_looks_where_connect_stores_ivr_recordings(stack: Stack) -> None:
    """The rule, the sweep and the rights name the same place."""
    sweep = stack.functions()["SweepFunction"]["Environment"]
    pattern = stack.resources("AWS::Events::Rule")["RecordingStoredRule"]["EventPattern"]

    assert sweep["SCV_VOICEMAIL_CONNECT_RECORDINGS"] == "s3://connect-recordings/connect/acme/CallRecordings/ivr"
    assert pattern["detail"]["bucket"]["name"] == ["connect-recordings"]
    assert pattern["detail"]["object"]["key"] == [{"wildcard": "connect/acme/CallRecordings/ivr/*.wav"}]


def test_functions_have_time_and_room(stack: Stack) -> None:
    """Connect waits eight seconds at most; whatever reads recordings needs a disk."""
    functions = stack.functions()

    assert functions["FlowCallFunction"]["Timeout"] <= 8
    assert all(functions[name]["EphemeralStorage"]["Size"] >= 1024 for name in functions if "Recor" in name)
    assert {function["Runtime"] for function in functions.values()} == {"python3.13"}
    assert {tuple(function["Architectures"]) for function in functions.values()} == {("arm64",)}


def test_a_delivery_may_not_outlive_its_lease(stack: Stack) -> None:
    """Otherwise another worker would take the run over while this one is still at it."""
    lease_seconds = Settings.model_fields["lease_seconds"].default

    assert stack.functions()["DeliverFunction"]["Timeout"] <= lease_seconds


def test_the_doorbell_may_ring_as_often_as_it_takes(stack: Stack) -> None:
    """Lambda ends loops after sixteen rounds, and an outage of Salesforce takes more."""
    assert stack.functions()["DeliverFunction"]["RecursiveLoop"] == "Allow"


@pytest.mark.parametrize(("warm", "expected"), [(0, "SnapStart"), (3, "ProvisionedConcurrencyConfig")])
def test_contact_flows_do_not_wait_for_a_cold_start(warm: int, expected: str) -> None:
    """By SnapStart, or by sandboxes that are kept warm; both at once are refused by Lambda."""
    function = Stack(FlowCallProvisionedConcurrency=warm).functions()["FlowCallFunction"]

    assert {"SnapStart", "ProvisionedConcurrencyConfig"} & function.keys() == {expected}
    assert function["AutoPublishAlias"] == "live"
    assert function["AutoPublishAliasAllProperties"] is True


def test_only_this_instance_may_invoke_the_function_of_the_flows(stack: Stack) -> None:
    """Another account's instance would be let in by the principal alone."""
    permission = stack.resources("AWS::Lambda::Permission")["FlowCallPermission"]

    assert permission["Principal"] == "connect.amazonaws.com"
    assert permission["SourceArn"] == CONNECT
    assert permission["SourceAccount"] == "123456789012"


# ---------------------------------------------------------------------------------------------------------- events


def test_contact_records_are_chosen_by_the_flags_that_the_code_knows(stack: Stack) -> None:
    """One filter for each: what is not chosen never reaches the code."""
    properties = stack.functions()["ContactRecordFunction"]["Events"]["ContactRecords"]["Properties"]

    filters = [json.loads(one["Pattern"])["data"] for one in properties["FilterCriteria"]["Filters"]]

    assert {name: value for one in filters for name, value in one["Attributes"].items()} == {
        name: [value] for name, value in FLAGS.items()
    }
    assert all(one["InstanceARN"] == [CONNECT] for one in filters)
    assert len(filters) <= 5, "Lambda takes five filters"


def test_a_contact_record_that_fails_holds_nobody_up(stack: Stack) -> None:
    """The batch is cut in two; tries are bounded by time, so that an outage of some hours costs no message."""
    properties = stack.functions()["ContactRecordFunction"]["Events"]["ContactRecords"]["Properties"]

    assert properties["BisectBatchOnFunctionError"] is True
    assert properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert properties["MaximumRetryAttempts"] == -1
    assert properties["MaximumRecordAgeInSeconds"] == 24 * 3600
    assert properties["DestinationConfig"]["OnFailure"]["Destination"] == "<DeadLetterQueue.Arn>"
    assert properties["StartingPosition"] == "TRIM_HORIZON"


def test_without_a_stream_nothing_reads_contact_records() -> None:
    """IVR recordings need no stream."""
    stack = Stack(ContactRecordStreamArn="")

    assert "ContactRecordFunction" not in stack.functions()
    assert "ContactRecordRole" not in stack.resources("AWS::IAM::Role")


def test_transcripts_are_waited_for_under_the_name_that_the_code_gives(stack: Stack) -> None:
    """Foreign jobs do not wake the function."""
    pattern = stack.functions()["TranscriptionFinishedFunction"]["Events"]["TranscriptionFinished"]["Properties"]

    assert pattern["Pattern"]["detail"]["TranscriptionJobName"] == [{"prefix": JOB_PREFIX}]


def test_a_message_stays_hidden_until_its_function_has_surely_ended(stack: Stack) -> None:
    """Six times the function's time, as AWS asks for."""
    queues = stack.resources("AWS::SQS::Queue")
    triggers = [
        (name, event["Properties"])
        for name, function in stack.functions().items()
        for event in function.get("Events", {}).values()
        if event["Type"] == "SQS"
    ]

    assert {name for name, _ in triggers} == {"RecordingStoredFunction", "DeliverFunction"}
    for name, trigger in triggers:
        queue = queues[trigger["Queue"].strip("<>").removesuffix(".Arn")]
        assert queue["VisibilityTimeout"] >= 6 * stack.functions()[name]["Timeout"]
        assert trigger["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_every_hop_ends_in_the_dead_letter_queue_when_it_fails_for_good(stack: Stack) -> None:
    """Queues, rules and asynchronous calls; only the minute's sweep is simply done again."""
    queues = stack.resources("AWS::SQS::Queue")
    dead = queues.pop("DeadLetterQueue")
    rule = stack.resources("AWS::Events::Rule")["RecordingStoredRule"]["Targets"][0]
    finished = stack.functions()["TranscriptionFinishedFunction"]
    events = {name: event for one in stack.functions().values() for name, event in one.get("Events", {}).items()}

    assert all(one["RedrivePolicy"]["deadLetterTargetArn"] == "<DeadLetterQueue.Arn>" for one in queues.values())
    assert dead["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert rule["DeadLetterConfig"]["Arn"] == "<DeadLetterQueue.Arn>"
    assert finished["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"] == "<DeadLetterQueue.Arn>"
    dead_ends = [
        name
        for name, event in events.items()
        if event["Type"] in ("Schedule", "EventBridgeRule") and "DeadLetterConfig" not in event["Properties"]
    ]
    assert dead_ends == ["SweepSchedule"]


@pytest.mark.covers("operating-4")
def test_sqs_lets_a_message_come_again_for_two_days(stack: Stack) -> None:
    """It counts each try, whoever's fault it was; those that are their own fault the functions put aside themselves."""
    queues = stack.resources("AWS::SQS::Queue")
    counted = {name: one["RedrivePolicy"]["maxReceiveCount"] for name, one in queues.items() if "RedrivePolicy" in one}

    assert counted == {"RecordingEventsQueue": 200, "DoorbellQueue": 200}
    for name in ("RecordingStoredFunction", "DeliverFunction", "ContactRecordFunction"):
        assert stack.functions()[name]["Environment"]["SCV_VOICEMAIL_DEAD_LETTER_QUEUE_URL"] == "<DeadLetterQueue>"


@pytest.mark.covers("operating-5")
def test_the_functions_that_take_voicemails_in_are_told_when_ours_begins() -> None:
    """And nobody else; without a beginning the variable is not there."""
    begins = "2026-12-01T00:00:00Z"
    told = Stack(IgnoreContactsBefore=begins).functions()

    assert {"RecordingStoredFunction", "ContactRecordFunction", "SweepFunction"} <= {
        name for name, one in told.items() if one["Environment"].get("SCV_VOICEMAIL_IGNORE_CONTACTS_BEFORE") == begins
    }
    assert not [
        one for one in Stack().functions().values() if "SCV_VOICEMAIL_IGNORE_CONTACTS_BEFORE" in one["Environment"]
    ]


def test_all_queues_are_encrypted(stack: Stack) -> None:
    """They hold ids, names of recordings, and contact records that failed."""
    assert all(queue["SqsManagedSseEnabled"] for queue in stack.resources("AWS::SQS::Queue").values())


# --------------------------------------------------------------------------------------------------------- storage


def test_the_journal_is_the_table_that_the_code_would_make(stack: Stack) -> None:
    """Keys, index and billing; the template adds encryption and recovery."""
    table = stack.resources("AWS::DynamoDB::Table")["JournalTable"]
    wanted = table_schema("any")
    del wanted["TableName"]

    assert {name: table[name] for name in wanted} == wanted
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["SSESpecification"]["SSEEnabled"] is True


def test_uninstalling_leaves_what_callers_said(stack: Stack) -> None:
    """Table and bucket outlive the stack."""
    kept = {name for name, one in RESOURCES.items() if one.get("DeletionPolicy") == "Retain"}

    assert kept == {"JournalTable", "RecordingsBucket"}
    assert all(RESOURCES[name]["UpdateReplacePolicy"] == "Retain" for name in kept)


def test_no_recording_is_deleted_while_its_delivery_is_still_being_tried() -> None:
    """Whatever somebody asks for; S3 begins to count at the next midnight."""
    shortest_days = load("template.yaml")["Parameters"]["RetentionDays"]["MinValue"]

    assert shortest_days * 24 > Policy().horizon_hours


def test_recordings_are_kept_as_long_as_was_asked_for() -> None:
    """Recordings and transcripts; what a caller listens to during the call is gone after a day."""
    bucket = Stack(RetentionDays=42).resources("AWS::S3::Bucket")["RecordingsBucket"]

    rules = {rule["Prefix"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"] if "Prefix" in rule}

    assert {prefix: rule["ExpirationInDays"] for prefix, rule in rules.items()} == {
        "voicemail_recordings/": 42,
        "voicemail_transcripts/": 42,
        "voicemail_reviews/": 1,
    }
    assert all(rule["NoncurrentVersionExpiration"]["NoncurrentDays"] <= 7 for rule in rules.values())


def test_the_functions_write_where_the_lifecycle_cleans_up(stack: Stack) -> None:
    """A folder without a rule would keep what callers said for ever."""
    told = stack.functions()["DeliverFunction"]["Environment"]
    folders = [S3Folder(*told[name].removeprefix("s3://").split("/", 1)) for name in told if "s3://" in str(told[name])]
    bucket = stack.resources("AWS::S3::Bucket")["RecordingsBucket"]
    prefixes = {rule.get("Prefix") for rule in bucket["LifecycleConfiguration"]["Rules"]}

    assert {f"{folder.prefix}/" for folder in folders} <= prefixes


def test_a_key_of_ones_own_reaches_bucket_table_and_transcripts() -> None:
    """And the rights to use it reach every role."""
    key = "arn:aws:kms:eu-central-1:123456789012:key/abc"
    stack = Stack(KmsKeyArn=key)

    bucket = stack.resources("AWS::S3::Bucket")["RecordingsBucket"]
    rule = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]

    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    assert stack.resources("AWS::DynamoDB::Table")["JournalTable"]["SSESpecification"]["KMSMasterKeyId"] == key
    assert stack.functions()["DeliverFunction"]["Environment"]["SCV_VOICEMAIL_TRANSCRIBE_KMS_KEY"] == key
    assert all("<KeyPolicy>" in role["ManagedPolicyArns"] for role in stack.resources("AWS::IAM::Role").values())


# ------------------------------------------------------------------------------------------------------ parameters

PARAMETERS = load("template.yaml")["Parameters"]


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("SalesforceOrgId", ["00D5f000000abcd", "00D5f000000abcdEFG"], ["", "00d5f000000abcd", "00D5f000000abcdE"]),
        ("TelephonyUrl", ["https://a.my.salesforce-scrt.com"], ["a.my.salesforce-scrt.com", "https://a.com/telephony"]),
        ("PrivateKeySource", ["ssm:/a/b", "secretsmanager:a/b"], ["", "ssm:name", "secretsmanager:arn:aws:x", "a.pem"]),
        ("ConnectInstanceArn", [CONNECT], ["11111111-2222-3333-4444-555555555555"]),
        ("ConnectRecordingsPrefix", ["connect/acme/CallRecordings"], ["", "/connect", "connect/", "connect/*/x*/"]),
        ("RecordingUrl", ["", "https://cdn.acme.example/{name}"], ["cdn.acme.example"]),
        ("DialedNumber", ["", "+18005550100"], ["18005550100", "+0123456789"]),
        ("MailboxQueues", ["", '{"Basic": "Voicemail"}'], ["Basic=Voicemail"]),
        ("MailboxReps", ["", '{"jdoe": "jane@example.com"}'], ["jdoe=jane@example.com"]),
        ("OwnerQueue", ["", "Voicemail", "Sales_2"], ["Basic Queue", "2nd"]),
        ("FlowInputParameters", ["", "{}", '{"myQueue": "{mailbox}"}'], ["mailbox"]),
        ("TranscribeLanguages", ["en-US", "en-US, es-US"], ["english", ""]),
        ("IgnoreContactsBefore", ["", "2026-12-01T00:00:00Z", "2026-12-01T00:00+01:00"], ["2026-12-01", "now"]),
        ("MediaStreamNames", ["acme-connect-*"], ["", "a/b"]),
    ],
)
def test_a_wrong_parameter_is_refused_before_anything_is_made(name: str, good: list[str], bad: list[str]) -> None:
    """CloudFormation checks the pattern when the stack is deployed."""
    pattern = re.compile(PARAMETERS[name]["AllowedPattern"])

    assert [text for text in good if not pattern.search(text)] == []
    assert [text for text in bad if pattern.search(text)] == []


def test_every_parameter_has_its_sentence_and_its_group() -> None:
    """Both show in the console and in `sam deploy --guided`."""
    groups = load("template.yaml")["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [name for group in groups for name in group["Parameters"]]

    assert sorted(grouped) == sorted(PARAMETERS)
    assert [name for name, one in PARAMETERS.items() if not one.get("Description")] == []


def test_the_guide_names_every_parameter() -> None:
    """docs/amazon-connect.md is where an engineer looks."""
    guide = (REPOSITORY / "docs" / "amazon-connect.md").read_text(encoding="utf-8")

    assert [name for name in PARAMETERS if f"`{name}`" not in guide] == []


def test_nested_stacks_get_exactly_what_they_ask_for(stack: Stack) -> None:
    """A parameter that is missing or unknown fails the deployment after minutes."""
    for name, nested in Stack(InstallContactFlows="yes").resources("AWS::CloudFormation::Stack").items():
        asked = load(nested["TemplateURL"])["Parameters"]
        required = {key for key, value in asked.items() if "Default" not in value}

        assert required <= nested["Parameters"].keys() <= asked.keys(), name


@pytest.mark.covers("operating-1")
def test_the_journals_table_cannot_be_deleted_by_mistake(stack: Stack) -> None:
    """Neither with the stack nor by hand, and every moment of five weeks can be restored."""
    (table,) = stack.resources("AWS::DynamoDB::Table").values()

    assert table["DeletionProtectionEnabled"] is True
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
