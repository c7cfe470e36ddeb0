"""The table that a run of drills ends with."""

from rich.table import Table

from drills.tally import Tally

_COLUMNS = (
    "drill",
    "rounds",
    "rows answered",
    "lost",
    "doubled",
    "rows refused",
    "refused, stored",
    "torn",
    "set aside",
    "",
)


def table(tallies: dict[str, tuple[int, Tally]]) -> Table:
    """``tallies``: rounds and what they found, by drill."""
    made = Table(*_COLUMNS)
    for name, (rounds, tally) in tallies.items():
        made.add_row(*_cells(name, rounds, tally))
    return made


def markdown(tallies: dict[str, tuple[int, Tally]]) -> str:
    rows = [_COLUMNS, ("---",) * len(_COLUMNS)]
    rows += [_cells(name, rounds, tally) for name, (rounds, tally) in tallies.items()]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _cells(name: str, rounds: int, tally: Tally) -> tuple[str, ...]:
    told = "ok" if tally.passed else "FAILED"
    remarks = "; ".join(dict.fromkeys([*tally.wrong, *tally.noted]))
    counts = (
        rounds,
        tally.answered,
        tally.lost,
        tally.doubled,
        tally.refused,
        tally.stored_though,
        tally.torn,
        tally.set_aside,
    )
    return (name, *(f"{number:,}" for number in counts), f"{told}: {remarks}" if remarks else told)
