"""How far the demo or an import is: a bar on a terminal, lines elsewhere, a line of the log for
programs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

import structlog
import typer

if TYPE_CHECKING:
    from whipstitch.core.errors import DemoError

_LINES = 5
_LOOK = """
That was a month of a small shop, and somebody is there all the time now. What to look at:

  Boards      the shop at a glance: what the dashboard opens with
  Live        events, as they come in
  Funnels     product_viewed, added_to_cart, checkout_started, purchase_completed
  Insights    purchase_completed: the sum of order_value a day, broken down by payment_method
  Retention   from $screen_view to $screen_view, by week
  Flows       after app_opened
  People      whoever signed up: what they did before, on each device, is theirs
  Screens     where $tap falls on Home, Product, Cart and Checkout

Ctrl+C stops it. `whipstitch serve` on the same data dir goes on without the made-up visitors.
"""


class Shown:
    """For people: a bar on standard error where that is a terminal, else a few lines on standard
    output."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        console = Console(stderr=True)
        self._is_terminal = console.is_terminal
        self._bar = Progress(
            TextColumn("Sending a month of traffic"),
            BarColumn(),
            TextColumn("{task.fields[events]:,} events"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not self._is_terminal,
        )
        self._task = self._bar.add_task("", total=None, events=0)
        self._people = 0
        self._said = 0

    @contextmanager
    def history(self, people: int) -> Iterator[None]:
        self._people = people
        self._bar.update(self._task, total=people)
        with self._bar:
            yield

    def sent(self, people: int, events: int) -> None:
        self._bar.update(self._task, completed=people, events=events)
        parts = people * _LINES // self._people
        if not self._is_terminal and parts > self._said:
            self._said = parts
            typer.echo(f"Sent {people:,} of {self._people:,} people, {events:,} events.")

    def done(self, events: int) -> None:
        typer.echo(f"Sent {events:,} events.{_LOOK}" if self._is_terminal else _LOOK)

    def failed(self, error: DemoError) -> None:
        typer.echo(f"Error: {error}", err=True)


class Logged:
    """For programs: nothing but the outcome, in the log."""

    @contextmanager
    def history(self, people: int) -> Iterator[None]:  # noqa: ARG002 - as the others have it
        yield

    def sent(self, people: int, events: int) -> None:
        pass

    def done(self, events: int) -> None:
        structlog.get_logger(__name__).info("demo_sent", events=events)

    def failed(self, error: DemoError) -> None:
        structlog.get_logger(__name__).error("demo_failed", error=str(error))


class Counted:
    """How much of some files was read: a bar on standard error where that is a terminal. Of packed
    files more may be read than they have bytes."""

    def __init__(self, size: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("Importing"),
            BarColumn(),
            TextColumn("{task.fields[records]:,} records"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("", total=size or None, records=0)
        self._size = self._records = 0

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def advance(self, size: int, records: int) -> None:
        self._size += size
        self._records += records
        self._bar.update(self._task, completed=self._size, records=self._records)
