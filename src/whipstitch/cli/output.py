"""What commands print: tables for people, one JSON value for programs, one line for an error."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import typer

from whipstitch.core.errors import WhipstitchError


@contextmanager
def reporting(as_json: bool) -> Iterator[None]:
    """Around a command's work: an error that a person can mend becomes one line on standard error
    (with ``as_json`` an object on standard output) and exit code 1."""
    try:
        yield
    except WhipstitchError as error:
        if as_json:
            print_json({"ok": False, "error": str(error)})
        else:
            typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from error


def print_json(value: Any) -> None:
    """One JSON value, on one line."""
    typer.echo(json.dumps(value))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table for people. Nothing is shortened: ids and keys are there to be copied."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    # In a pipe rich assumes 80 columns and would break keys in two.
    width = None if sys.stdout.isatty() else 1000
    Console(width=width, highlight=False).print(table)


def print_fields(fields: Sequence[tuple[str, str]]) -> None:
    """Labelled values for people, one a line."""
    widest = max(len(label) for label, _ in fields)
    for label, value in fields:
        typer.echo(f"{label:<{widest}}  {value}")


def timestamp(time: datetime | None) -> str | None:
    """A time for programs: RFC 3339 in UTC, to the millisecond."""
    if time is None:
        return None
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def minute(time: datetime | None) -> str:
    """A time for people, in UTC."""
    return "" if time is None else f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
