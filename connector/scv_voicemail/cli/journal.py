"""`journal create`: the DynamoDB table of a journal that several hosts share."""

from __future__ import annotations

import contextlib

import typer

from scv_voicemail.cli.output import AsJson, emit
from scv_voicemail.settings import DynamoDbTable, load


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    journal = typer.Typer(
        help="The table of a DynamoDB journal.",
        epilog="Example: scv-voicemail journal create",
        no_args_is_help=True,
    )
    journal.command("create", epilog="Example: scv-voicemail journal create")(create)
    app.add_typer(journal, name="journal")


def create(as_json: AsJson = False) -> None:
    """Make the table that SCV_VOICEMAIL_JOURNAL names (dynamodb://TABLE); one that is there stays as it is."""
    from scv_voicemail.wiring import dynamodb_journal, open_journal

    settings = load()
    if isinstance(settings.journal, DynamoDbTable):
        with contextlib.closing(dynamodb_journal(settings.journal)) as journal:
            journal.create()
    else:
        open_journal(settings).close()
    if as_json:
        emit({"journal": str(settings.journal)})
    else:
        typer.echo(f"{settings.journal} is ready")
