"""``scripts/drill [--minutes N] [--only DRILL | --short] [--seed N] [--markdown]``

Without ``--minutes`` each drill has one round, and the soak half a minute. The exit code is 1 where
something was lost, doubled or wrong."""

import argparse
import secrets
import sys
import time
from random import Random
from typing import Final

from rich.console import Console

from drills import cluster, cluster_place, crowds, damage, kills, new_shard, report, soak, troubles
from drills.place import Place, place
from drills.tally import Tally

_ROUNDS: Final = {
    "server killed under load": kills.server_under_load,
    "server killed while it starts": kills.server_while_it_starts,
    "ClickHouse killed under load": kills.clickhouse_under_load,
    "ClickHouse killed in a first start": kills.clickhouse_in_a_first_start,
    "bulk worker killed": kills.bulk_worker,
    "killed in a rewrite": kills.in_a_rewrite,
    "killed in an erasure": kills.in_an_erasure,
    "ClickHouse in trouble": troubles.clickhouse_in_trouble,
    "full disk": troubles.full_disk,
    "descriptors used up": crowds.descriptors_used_up,
    "memory used up": crowds.memory_used_up,
    "10,000 hostile bodies": crowds.hostile_bodies,
    "2,400 slow clients": crowds.slow_clients,
    "bits flipped in the journal": damage.flipped_bits_in_the_journal,
    "bits flipped elsewhere": damage.flipped_bits_elsewhere,
    "clock ahead and back": damage.clock_ahead_and_back,
}
if cluster_place.may_kill():
    _ROUNDS["parts of a cluster killed"] = cluster.killed_parts
    _ROUNDS["a shard joins a cluster"] = new_shard.joined
_SOAK: Final = "soak"
_SHORT: Final = (
    "server killed under load",
    "ClickHouse killed in a first start",
    "killed in an erasure",
    "bits flipped in the journal",
    "clock ahead and back",
)
"""A minute's worth, for every change."""
_SHORTEST_SOAK: Final = 30.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/drill", description=__doc__)
    parser.add_argument("--minutes", type=float, default=0.0, help="shared by all drills")
    parser.add_argument("--only", choices=[*_ROUNDS, _SOAK], action="append")
    parser.add_argument("--short", action="store_true", help="a minute: " + ", ".join(_SHORT))
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--markdown", action="store_true", help="print the table as the docs do")
    asked = parser.parse_args()
    names = asked.only or (_SHORT if asked.short else [*_ROUNDS, _SOAK])
    share = asked.minutes * 60 / len(names)
    console = Console(width=200)
    console.print(f"seed {asked.seed}")
    tallies: dict[str, tuple[int, Tally]] = {}
    for name in names:
        with console.status(name):
            tallies[name] = _repeat(name, Random(f"{asked.seed} {name}"), share)  # noqa: S311
        rounds, tally = tallies[name]
        console.print(f"{name}: {rounds} rounds, {'ok' if tally.passed else 'FAILED'}")
    if asked.markdown:
        print(report.markdown(tallies))
    else:
        console.print(report.table(tallies))
    sys.exit(not all(tally.passed for _, tally in tallies.values()))


def _repeat(name: str, chance: Random, seconds: float) -> tuple[int, Tally]:
    """Rounds until the time is over, at least one."""
    began = time.monotonic()
    total = Tally()
    rounds = 0
    while not rounds or time.monotonic() - began < seconds:
        with place(chance) as somewhere:
            try:
                total += _once(name, somewhere, seconds)
            except Exception as error:
                total.wrong.append(f"{type(error).__name__}: {str(error)[:300]}")
        rounds += 1
    return rounds, total


def _once(name: str, somewhere: Place, seconds: float) -> Tally:
    if name == _SOAK:
        return soak.soak(somewhere, max(seconds, _SHORTEST_SOAK))
    return _ROUNDS[name](somewhere)


if __name__ == "__main__":
    main()
