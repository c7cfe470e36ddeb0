"""``whipstitch deadletters``: rows that ClickHouse would not take."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import typer

from whipstitch.cli.options import DataDir, Json
from whipstitch.cli.output import print_json, print_table, reporting

if TYPE_CHECKING:
    from pathlib import Path

    from whipstitch.journal.dead_letter import DeadLetter

app = typer.Typer(help="See and replay rows that ClickHouse would not take.", no_args_is_help=True)

_SHOWN = ("project_id", "environment", "id", "event_name", "distinct_id")


@app.command("list")
def list_(data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the rows that are set aside, with the reason."""
    from whipstitch.journal.dead_letters import DeadLetters

    with reporting(as_json):
        letters = list(DeadLetters(_directory(data_dir) / "deadletters").letters())
    if as_json:
        print_json({"dead_letters": [_as_json(letter) for letter in letters]})
    elif letters:
        rows = [tuple(str(value) for value in _as_json(letter).values()) for letter in letters]
        print_table(
            ("File", "Kind", "Project", "Environment", "Id", "Event", "Person", "Reason"), rows
        )
    else:
        typer.echo("No row is set aside.")


@app.command()
def replay(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Load them again, all of them: what is refused again comes back here."""
    from whipstitch.journal.dead_letters import DeadLetters

    with reporting(as_json):
        directory = _directory(data_dir)
        letters = DeadLetters(directory / "deadletters")
        rows = letters.replay(directory / "journal", time.time_ns() // 1000)
    if as_json:
        print_json({"replayed": rows})
    else:
        typer.echo(
            f"{rows} rows go back to the journal; a running server loads them within seconds."
        )


def _directory(data_dir: Path | None) -> Path:
    from whipstitch.config.settings import Settings

    return Settings.load(data_dir=data_dir).data_dir


def _as_json(letter: DeadLetter) -> dict[str, Any]:
    fields = letter.fields
    return {
        "file": letter.file,
        "kind": fields.get("k", ""),
        **{name: fields.get(name, "") for name in _SHOWN},
        "reason": letter.reason,
    }
