"""The members of cohorts, changed in ClickHouse.

A new version is written whole beside the one in force and then published, by one row. What is added
to a version or taken from it comes by one insert."""

from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

from whipstitch.analytics.cohorts import members_sql
from whipstitch.analytics.people.person_properties import keys_of
from whipstitch.core.projects import Scope
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.row_inserts import insert
from whipstitch.warehouse.sql import Sql

_COLUMNS: Final = "project_id, environment, cohort_id, version, id, stamp, is_deleted"
_SCOPE: Final = "{project_id:String}, {environment:String}"
_AT_ONCE: Final = 1_000
"""Ids that one statement is given."""
_GRACE_SECONDS: Final = 120
"""How long a read may still use a version that is not in force any more."""
# What one statement may take: in the background nobody waits for it, but others want the machine.
_LIMITS: Final[dict[str, Any]] = {
    "max_execution_time": 120,
    "max_bytes_before_external_group_by": 4 * 10**8,
    "max_bytes_before_external_sort": 4 * 10**8,
    "max_query_size": 4 * 2**20,
}


def replace(
    client: Client, scope: Scope, generation: int, cohort_id: str, version: int, people: Sql
) -> None:
    """Makes those whom ``people`` selects, as ``key`` and ``id``, the members. ``generation`` is
    the person map's that is held meanwhile, ``version`` the highest number so far."""
    client.command(
        f"INSERT INTO cohort_members ({_COLUMNS}) "
        f"SELECT {_SCOPE}, {{cohort:String}}, {{version:UInt64}}, people.2, {{version:UInt64}}, 0 "
        f"FROM (SELECT tuple(*) AS people FROM ({people.text}))",
        {
            **people.values,
            **scope._asdict(),
            "generation": generation,
            "cohort": cohort_id,
            "version": version,
        },
        settings=_LIMITS,
    )
    _publish(client, scope, cohort_id, version)


def replace_by_ids(
    client: Client, scope: Scope, cohort_id: str, version: int, ids: Collection[str]
) -> None:
    """Makes ``ids`` the members. ``version`` is the highest number so far."""
    _insert(client, scope, cohort_id, version, ids, version)
    _publish(client, scope, cohort_id, version)


def add(client: Client, scope: Scope, cohort_id: str, ids: Collection[str], stamp: int) -> None:
    """Adds ``ids`` to the version in force. ``stamp`` is the highest number so far."""
    version = _current(client, scope, cohort_id)
    _insert(client, scope, cohort_id, version, ids, stamp)


def remove(
    client: Client,
    scope: Scope,
    generation: int,
    cohort_id: str,
    ids: Sequence[str],
    stamp: int,
) -> None:
    """Takes the people whom ``ids`` name out of the version in force, under whichever of their ids
    they are in it. ``generation`` is the person map's that is held meanwhile, ``stamp`` the highest
    number so far."""
    version = _current(client, scope, cohort_id)
    for start in range(0, len(ids), _AT_ONCE):
        values = Parameters()
        people = keys_of(values.add(ids[start : start + _AT_ONCE], "Array(String)"))
        theirs = values.sql(members_sql.of_people(cohort_id, people, values))
        client.command(
            f"INSERT INTO cohort_members ({_COLUMNS}) "
            f"SELECT {_SCOPE}, {{cohort:String}}, {{version:UInt64}}, member, {{stamp:UInt64}}, 1 "
            f"FROM ({theirs.text})",
            {
                **theirs.values,
                **scope._asdict(),
                "generation": generation,
                "cohort": cohort_id,
                "version": version,
                "stamp": stamp,
            },
            settings=_LIMITS,
        )


def sweep(client: Client, existing: Callable[[], Collection[str]]) -> int:
    """Deletes the versions that no read can use any more, and all of cohorts that do not exist.
    Returns how many versions it deleted."""
    sql = f"""\
SELECT cohort_id, version, version < settled
FROM (SELECT DISTINCT cohort_id, version FROM cohort_members) AS members
LEFT JOIN
(
    SELECT cohort_id, max(version) AS settled FROM cohort_versions
    WHERE published_at < now64(3) - toIntervalSecond({_GRACE_SECONDS}) GROUP BY cohort_id
) AS settled USING cohort_id"""
    found = client.query(sql).result_rows
    # Asked afterwards: a cohort exists before it has members.
    cohorts_there = existing()
    old = [
        f"{version} {cohort}"
        for cohort, version, is_old in found
        if is_old or cohort not in cohorts_there
    ]
    for table in ("cohort_members", "cohort_versions") if old else ():
        client.command(
            f"DELETE FROM {table} "
            "WHERE concat(toString(version), ' ', cohort_id) IN {old:Array(String)}",
            {"old": old},
        )
    return len(old)


def _current(client: Client, scope: Scope, cohort_id: str) -> int:
    values = Parameters()
    sql = values.sql(members_sql.current(cohort_id, values))
    rows = client.query(sql.text, {**sql.values, **scope._asdict()}).result_rows
    return int(rows[0][0])


def _insert(
    client: Client, scope: Scope, cohort_id: str, version: int, ids: Collection[str], stamp: int
) -> None:
    rows = [(*scope, cohort_id, version, id_, stamp, 0) for id_ in ids]
    insert(client, "cohort_members", _COLUMNS.split(", "), rows)


def _publish(client: Client, scope: Scope, cohort_id: str, version: int) -> None:
    columns = ("project_id", "environment", "cohort_id", "version")
    insert(client, "cohort_versions", columns, [(*scope, cohort_id, version)])
