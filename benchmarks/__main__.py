"""``python -m benchmarks [--smoke] [--only FIGURE]``"""

import argparse
from typing import Final

from rich.console import Console
from rich.table import Table

from benchmarks import (
    build,
    bulk,
    drain,
    history,
    identity,
    latency,
    many,
    pending,
    queries,
    shards,
    start,
    telling,
    throughput,
    visibility,
)
from benchmarks.reporting import Figure, Row

FIGURES: Final[dict[str, Figure]] = {
    **throughput.FIGURES,
    **telling.FIGURES,
    **latency.FIGURES,
    **visibility.FIGURES,
    **bulk.FIGURES,
    **drain.FIGURES,
    **history.FIGURES,
    **start.FIGURES,
    **identity.FIGURES,
    **pending.FIGURES,
    **queries.FIGURES,
    **many.FIGURES,
    **shards.FIGURES,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--smoke", action="store_true", help="run each briefly; numbers mean nothing"
    )
    parser.add_argument("--only", choices=FIGURES, action="append", help="run just this figure")
    asked = parser.parse_args()
    console = Console(width=200)
    console.print(build.description())
    table = Table("figure", "measured", "must reach", "")
    for name in asked.only or FIGURES:
        with console.status(name):
            for row in FIGURES[name](asked.smoke):
                table.add_row(row.figure, row.value, row.goal, _mark(row, asked.smoke))
    console.print(table)


def _mark(row: Row, smoke: bool) -> str:
    if row.reached is None:
        return "-"
    if smoke:
        return ""
    return "yes" if row.reached else "NO"


if __name__ == "__main__":
    main()
