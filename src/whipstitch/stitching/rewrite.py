"""The rewrite: rows that wait are given their person's id, a bounded step at a time."""

from dataclasses import dataclass
from typing import Final

from clickhouse_connect.driver.client import Client

from whipstitch.projects import Scope
from whipstitch.queries.persons import PersonMap, Persons

_ROWS: Final = 250_000
"""About as many as one step changes: what it changes is held in memory."""
_IN_SCOPE: Final = "project_id = {project_id:String} AND environment = {environment:String}"


@dataclass(frozen=True, slots=True)
class Step:
    """Rows of one partition: every ``of``-th of those that wait, from the ``part``-th on."""

    scope: Scope
    partition: str
    rows: int
    part: int
    of: int


def steps(client: Client, known: PersonMap) -> list[Step]:
    """What is to be done so that every row says what ``known`` says of it. Partitions without such
    rows are left alone."""
    found = []
    for scope in sorted(known.merged | known.split):
        sql = (
            "SELECT _partition_id, count() FROM events "
            f"WHERE {_IN_SCOPE} AND {_waits(known.of(scope))} GROUP BY _partition_id"
        )
        for partition, rows in client.query(sql, scope._asdict()).result_rows:
            of = -(-rows // _ROWS)
            found += [Step(scope, partition, rows // of, part, of) for part in range(of)]
    return found


def take(client: Client, known: PersonMap, step: Step) -> None:
    """Rewrites the rows of one step. It may be repeated: a row that is rewritten waits no more."""
    persons = known.of(step.scope)
    if not step.partition.isalnum():
        raise ValueError(f"no partition: {step.partition!r}")
    # Acceptance numbers are as good as random here, and stay.
    some = f" AND accepted % {step.of:d} = {step.part:d}" if step.of > 1 else ""
    client.command(
        f"UPDATE events SET distinct_id = {persons.id}, anon_id = {persons.anon_id} "
        f"IN PARTITION ID '{step.partition}' "
        f"WHERE {_IN_SCOPE} AND {_waits(persons)}{some}",
        step.scope._asdict(),
    )


def _waits(persons: Persons) -> str:
    return f"{persons.id} != distinct_id"
