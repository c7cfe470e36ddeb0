"""The rewrite: rows that wait are given their person's id, a bounded step at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from whipstitch.core.projects import Scope
from whipstitch.identity import tables
from whipstitch.identity.person_map import PersonMap, Persons
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.sql import IN_SCOPE

_ROWS: Final = 250_000
"""About as many as one step changes: what it changes is held in memory."""


_FEW: Final = 100
"""Ids whose rows are looked for by the index; of more, hardly a block of rows has none."""


@dataclass(frozen=True, slots=True)
class RewriteStep:
    """Rows of one partition of a shard (a blank one, where there is no cluster): every ``of``-th of
    those that wait, from the ``part``-th on. ``ids`` are all that they may stand under, where those
    are few."""

    scope: Scope
    partition: str
    rows: int
    part: int
    of: int
    ids: tuple[str, ...]
    shard: str = ""


def steps(client: Client, known: PersonMap) -> list[RewriteStep]:
    """What is to be done so that every row says what ``known`` says of it. Partitions without such
    rows are left alone."""
    found = []
    for scope in sorted(known.merged | known.split):
        ids = tables.moved(client, scope, _FEW + 1)
        few = () if len(ids) > _FEW else tuple(ids)
        sql = (
            f"SELECT _partition_id, count() FROM {client.events} "
            f"WHERE {_waits(known.of(scope), few)} GROUP BY _partition_id"
        )
        values = {**scope._asdict(), "ids": list(few)}
        for shard in client.shards():
            for partition, rows in client.shard(shard).query(sql, values).result_rows:
                of = -(-rows // _ROWS)
                found += [
                    RewriteStep(scope, partition, rows // of, part, of, few, shard)
                    for part in range(of)
                ]
    return found


def take(client: Client, known: PersonMap, step: RewriteStep) -> None:
    """Rewrites the rows of one step. It may be repeated: a row that is rewritten waits no more."""
    persons = known.of(step.scope)
    if not step.partition.isalnum():
        raise ValueError(f"no partition: {step.partition!r}")
    # Acceptance numbers are as good as random here, and stay.
    some = f" AND accepted % {step.of:d} = {step.part:d}" if step.of > 1 else ""
    client.shard(step.shard).command(
        f"UPDATE {client.events} SET distinct_id = {persons.id}, anon_id = {persons.anon_id} "
        f"IN PARTITION ID '{step.partition}' "
        f"WHERE {_waits(persons, step.ids)}{some}",
        {**step.scope._asdict(), "ids": list(step.ids)},
    )


def _waits(persons: Persons, ids: Sequence[str]) -> str:
    these = " AND (distinct_id IN {ids:Array(String)} OR anon_id IN {ids:Array(String)})"
    return f"{IN_SCOPE}{these if ids else ''} AND {persons.id} != distinct_id"
