"""Members of cohorts, while people get other ids and cohorts other members."""

from collections.abc import Callable, Iterator

import pytest
from tests.support.identity import SCOPE, Rows

from whipstitch.analytics.cohorts import members, members_sql
from whipstitch.analytics.expressions.conditions import all_met
from whipstitch.analytics.expressions.filters import CohortFilter
from whipstitch.analytics.session import QuerySession
from whipstitch.core.projects import Scope
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.connection import STITCHING, Address
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE, Sql

COHORT = "coh_a"
_NOW = "WHERE 1 SETTINGS mutations_sync = 2"


@pytest.fixture
def client(store_address: Address) -> Iterator[Client]:
    opened = store_address.connect(STITCHING, seconds=60)
    yield opened
    opened.close()


def _members(rows: Rows, cohort: str = COHORT) -> set[str]:
    """The people in a cohort, as the list and the filter see them."""

    async def ask(reading: QuerySession) -> set[str]:
        async def column(make: Callable[[Parameters], str]) -> list[str]:
            values = Parameters()
            text = make(values)
            return [row[0] for row in await reading.run(values.sql(text))]

        listed = await column(
            lambda values: f"SELECT id FROM ({members_sql.members(cohort, values)})"
        )
        keys = await column(lambda values: members_sql.member_keys(cohort, values))
        hashed = Sql(
            "SELECT cityHash64(arrayJoin({ids:Array(String)}))", {"ids": sorted(set(listed))}
        )
        assert set(keys) == {row[0] for row in await reading.run(hashed)}
        return set(listed)

    return rows.read(ask)


def _with_events(rows: Rows) -> set[str]:
    """Those who have events and pass the filter."""

    async def ask(reading: QuerySession) -> set[str]:
        values = Parameters()
        condition = all_met([CohortFilter(COHORT)], values, reading.persons)
        persons = reading.persons.id
        sql = f"SELECT DISTINCT {persons} FROM events WHERE {IN_SCOPE} AND {condition}"
        return {row[0] for row in await reading.run(values.sql(sql))}

    return rows.read(ask)


def test_a_member_by_any_id_is_one_by_all_from_the_alias_on(rows: Rows, client: Client) -> None:
    rows.event("anon", 1)
    rows.event("user", 2)
    rows.event("stranger", 3)
    members.replace_by_ids(client, SCOPE, COHORT, 1, ["anon"])
    assert _members(rows) == _with_events(rows) == {"anon"}

    rows.link("anon", "user")
    rows.move("anon", "user")
    assert _members(rows) == _with_events(rows) == {"user"}

    rows.link("user", "member")
    rows.link("anon", "user", "member")
    rows.move("anon", "member")
    rows.move("user", "member")
    assert _members(rows) == _with_events(rows) == {"member"}


def test_a_cohort_is_of_one_environment_of_one_project(rows: Rows, client: Client) -> None:
    members.replace_by_ids(client, SCOPE, COHORT, 1, ["user"])

    assert _members(rows) == {"user"}
    assert _members(rows.elsewhere(Scope("proj_a", "test"))) == set()
    assert _members(rows.elsewhere(Scope("proj_b", "live"))) == set()


def test_a_new_version_is_seen_when_it_is_published(rows: Rows, client: Client) -> None:
    members.replace_by_ids(client, SCOPE, COHORT, 1, ["a", "b"])
    # As one that was killed before it published leaves it.
    client.command(
        "INSERT INTO cohort_members (project_id, environment, cohort_id, version, id, stamp) "
        "VALUES ('proj_a', 'live', 'coh_a', 2, 'c', 2)"
    )
    assert _members(rows) == {"a", "b"}

    members.replace(client, SCOPE, 0, COHORT, 3, Sql("SELECT toUInt64(0) AS key, 'd' AS id", {}))
    assert _members(rows) == {"d"}

    members.replace_by_ids(client, SCOPE, COHORT, 4, [])
    assert _members(rows) == set()


ODD = ["it's", "\\N", "{v0:String}", "é🧵\n\t", "%s", "' OR 1=1 --"]


def test_members_come_and_go_by_any_of_their_ids(rows: Rows, client: Client) -> None:
    rows.link("anon", "user")
    members.replace_by_ids(client, SCOPE, COHORT, 1, ["anon", "b"])
    members.add(client, SCOPE, COHORT, [*ODD, "b", "c"], 2)
    assert _members(rows) == {"user", "b", "c", *ODD}

    with rows.hold() as held:
        members.remove(client, SCOPE, held.number, COHORT, ["user", "c", "nobody", *ODD[:3]], 3)
    assert _members(rows) == {"b", *ODD[3:]}

    members.add(client, SCOPE, COHORT, ["c"], 4)
    assert _members(rows) == {"b", "c", *ODD[3:]}


def test_the_sweep_leaves_what_somebody_can_read(rows: Rows, client: Client) -> None:
    members.replace_by_ids(client, SCOPE, COHORT, 1, ["a"])
    members.replace_by_ids(client, SCOPE, "coh_gone", 1, ["z"])
    client.command(f"ALTER TABLE cohort_versions UPDATE published_at = now64(3) - 600 {_NOW}")
    members.replace_by_ids(client, SCOPE, COHORT, 2, ["b"])

    assert members.sweep(client, lambda: {COHORT}) == 1
    assert _stored(client) == [(COHORT, 1), (COHORT, 2)]

    client.command(f"ALTER TABLE cohort_versions UPDATE published_at = now64(3) - 300 {_NOW}")
    assert members.sweep(client, lambda: {COHORT}) == 1
    assert _stored(client) == [(COHORT, 2)]
    assert members.sweep(client, lambda: {COHORT}) == 0
    assert _members(rows) == {"b"}


def _stored(client: Client) -> list[tuple[str, int]]:
    sql = "SELECT DISTINCT cohort_id, version FROM cohort_members ORDER BY ALL"
    return [(row[0], row[1]) for row in client.query(sql).result_rows]
