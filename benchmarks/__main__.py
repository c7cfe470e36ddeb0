"""``python -m benchmarks [--smoke] [--only FIGURE]``"""

import argparse

from rich.console import Console
from rich.table import Table

from benchmarks import figures, identity, queries

FIGURES = {**figures.FIGURES, **identity.FIGURES, **queries.FIGURES}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--smoke", action="store_true", help="run each briefly; numbers mean nothing"
    )
    parser.add_argument("--only", choices=FIGURES, action="append", help="run just this figure")
    asked = parser.parse_args()
    console = Console(width=160)
    table = Table("figure", "measured", "must reach", "")
    for name in asked.only or FIGURES:
        with console.status(name):
            for row in FIGURES[name](asked.smoke):
                mark = "" if asked.smoke else "yes" if row.reached else "NO"
                table.add_row(row.figure, row.value, row.goal, mark)
    console.print(table)


if __name__ == "__main__":
    main()
