"""What a flow asks for by contact attributes, in four dialects."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from scv_voicemail.intake.contact_attributes import FLAGS, Wishes, read


def test_our_own_flow_is_understood_to_the_last_word() -> None:
    """Salesforce's names, and those that we have added to them."""
    wishes = read(
        {
            "vm_flag": "1",
            "vm_timestamp": "2026-11-20T12:00:00.125Z",
            "vm_end_timestamp": "2026-11-20T12:00:30.5Z",
            "vm_from": "+14155550142",
            "vm_lang": "en-GB",
            "vm_queue_arn": "arn:aws:connect:r:1:instance/i/queue/q",
            "vm_queue_name": "Claims",
            "vm_dialed_number": "+18005550100",
            "vm_source": "ivr",
            "vm_priority": "High",
            "vm_targets": "case, voice_call,case",
            "vm_mailbox": "ada@example.com",
            "sfdc-Account_Number__c": "42",
            "sf_other": "x",
        }
    )

    assert wishes == Wishes(
        is_voicemail=True,
        began_at=datetime(2026, 11, 20, 12, 0, 0, 125_000, UTC),
        ended_at=datetime(2026, 11, 20, 12, 0, 30, 500_000, UTC),
        caller="+14155550142",
        language="en-GB",
        queue_arn="arn:aws:connect:r:1:instance/i/queue/q",
        queue_name="Claims",
        dialed_number="+18005550100",
        source="ivr",
        priority="High",
        targets=("case", "voice_call"),
        rep="ada@example.com",
        fields=(("Account_Number__c", "42"),),
    )


def test_flows_of_voicemail_express_3_need_no_change() -> None:
    """Whole seconds, a target, and a rep who counts only when the target is a rep."""
    attributes = {
        "vmx3_flag": "1",
        "vmx3_timestamp": "2026-11-20T12:00:00Z",
        "vmx3_from": "+14155550142",
        "vmx3_lang": "es-US",
        "vmx3_queue_arn": "arn:q",
        "vmx3_target": "agent",
        "vmx3_preferred_agent": "ada",
        "vmx3_mode": "guided_task",
    }

    to_rep, to_queue = read(attributes), read(attributes | {"vmx3_target": "queue"})

    assert to_rep == Wishes(
        is_voicemail=True,
        began_at=datetime(2026, 11, 20, 12, tzinfo=UTC),
        caller="+14155550142",
        language="es-US",
        queue_arn="arn:q",
        targets=("guided_task",),
        rep="ada",
    )
    assert to_queue.rep == ""


@pytest.mark.parametrize(
    ("mode", "targets"),
    [
        ("sfcase", ("case",)),
        ("sfother", ("custom_object",)),
        ("SFCase", ("case",)),
        ("task", ("task",)),
        ("email", ("email",)),
        ("other", ("other",)),
        ("guided_task", ("guided_task",)),
        ("", ()),
    ],
)
@pytest.mark.covers("connect-9")
def test_modes_of_voicemail_express_2_choose_a_target(mode: str, targets: tuple[str, ...]) -> None:
    """Those that have no target here keep their name: it goes where everything goes, and a warning names it."""
    wishes = read({"vmx_flag": "1", "vmx_mode": mode, "vmx_priority": "High", "vmx_queue_name": "Sales"})

    assert (wishes.is_voicemail, wishes.targets, wishes.priority, wishes.queue_name) == (True, targets, "High", "Sales")


@pytest.mark.covers("connect-9")
@pytest.mark.parametrize("name", ["x" * 41, "<script>", "voice\ncall"])
def test_what_is_not_named_like_a_target_is_a_note(name: str) -> None:
    """It is neither kept nor logged; the others that are named count."""
    wishes = read({"vm_flag": "1", "vm_targets": f"case,{name}"})

    assert wishes.targets == ("case",)
    assert wishes.notes == ("1 of the delivery targets are not named like any",)


def test_the_sample_of_ivr_recordings_is_understood() -> None:
    """Its flag is the word true."""
    wishes = read({"voicemail": "true", "voicemail-destination": "arn:q", "phoneNumber": "+14155550142"})

    assert wishes == Wishes(is_voicemail=True, queue_arn="arn:q", caller="+14155550142")


@pytest.mark.parametrize(
    "attributes",
    [
        None,
        {},
        {"vm_flag": "0"},
        {"vm_flag": "true"},
        {"vm_flag": "1 "},
        {"vm_flag": "yes"},
        {"vm_flag": None},
        {"vm_flag": 1},
        {"vmx3_flag": "0"},
        {"voicemail": "false"},
        {"voicemail": "1"},
        {"voicemail": "True"},
        {"VM_FLAG": "1"},
    ],
)
def test_only_the_exact_flag_makes_a_voicemail(attributes: dict[str, str] | None) -> None:
    """The sample that took any text for yes has delivered `false` as a voicemail."""
    assert read(attributes).is_voicemail is False


@pytest.mark.parametrize(
    ("attributes", "is_voicemail"),
    [
        ({"vm_flag": "0", "vmx3_flag": "1"}, False),
        ({"vm_flag": "1", "vmx3_flag": "0"}, True),
        ({"vm_flag": "", "vmx3_flag": "1"}, True),
        ({"vmx3_flag": "0", "vmx_flag": "1", "voicemail": "true"}, False),
        ({"vmx_flag": "1", "voicemail": "false"}, True),
    ],
)
def test_the_newest_dialect_whose_flag_is_set_decides(attributes: dict[str, str], is_voicemail: bool) -> None:
    """A call that was given up in our flow is not brought back by what an older flow has left in it."""
    assert read(attributes).is_voicemail is is_voicemail


def test_another_dialects_words_do_not_date_or_address_a_message() -> None:
    """A timestamp of an earlier message would cut this one in the wrong place."""
    wishes = read(
        {
            "vm_flag": "1",
            "vmx3_timestamp": "2026-11-19T12:00:00Z",
            "vmx3_queue_arn": "arn:old",
            "vmx_mode": "sfcase",
            "vmx_priority": "High",
        }
    )

    assert wishes == Wishes(is_voicemail=True)


def test_what_a_dialect_has_no_word_for_may_be_said_in_ours() -> None:
    """A flow of Voicemail Express gets our targets and times without being rewritten."""
    wishes = read(
        {
            "vmx_flag": "1",
            "vmx_from": "+14155550142",
            "vm_from": "+19995550100",
            "vm_timestamp": "2026-11-20T12:00:00Z",
            "vm_targets": "case",
            "vm_mailbox": "ada@example.com",
            "vm_source": "KVS",
        }
    )

    assert wishes.began_at == datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert (wishes.caller, wishes.targets, wishes.rep, wishes.source) == (
        "+14155550142",
        ("case",),
        "ada@example.com",
        "kvs",
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-20T12:00:00Z", datetime(2026, 11, 20, 12, tzinfo=UTC)),
        ("2026-11-20T12:00:00.250+00:00", datetime(2026, 11, 20, 12, 0, 0, 250_000, UTC)),
        ("2026-11-20T13:00:00+01:00", datetime(2026, 11, 20, 12, tzinfo=UTC)),
        ("2026-11-20T12:00:00", datetime(2026, 11, 20, 12, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_flows_write_them(written: str, meant: datetime) -> None:
    """With or without fractions, with or without a zone."""
    wishes = read({"vm_flag": "1", "vm_timestamp": written})

    assert (wishes.began_at, wishes.notes) == (meant, ())


@pytest.mark.parametrize("written", ["$.External.vm_timestamp", "Friday", "0001-01-01T00:00:00+14:00", "+14155550142"])
def test_a_time_that_is_none_is_a_note_and_no_loss(written: str) -> None:
    """The note says which attribute, not what it holds."""
    wishes = read({"vm_flag": "1", "vm_timestamp": written})

    assert (wishes.is_voicemail, wishes.began_at) == (True, None)
    assert wishes.notes == ("vm_timestamp is no time in ISO 8601",)


def test_an_end_before_the_beginning_is_left_open() -> None:
    """A caller who records again may leave the first take's end behind."""
    wishes = read({"vm_flag": "1", "vm_timestamp": "2026-11-20T12:01:00Z", "vm_end_timestamp": "2026-11-20T12:00:59Z"})

    assert wishes.ended_at is None
    assert len(wishes.notes) == 1


def test_values_of_no_use_are_notes() -> None:
    """A language, a source and a field's name."""
    wishes = read({"vm_flag": "1", "vm_lang": "English!", "vm_source": "phone", "sfdc-1st field": "x"})

    assert (wishes.language, wishes.source, wishes.fields) == ("", "", ())
    assert len(wishes.notes) == 3
    assert "English" not in "".join(wishes.notes)


def test_every_flag_and_its_value_can_be_listed() -> None:
    """For the event filters of the template, which are made of it."""
    assert FLAGS == {"vm_flag": "1", "vmx3_flag": "1", "vmx_flag": "1", "voicemail": "true"}
