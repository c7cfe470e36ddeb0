"""The list of aliases."""

from tests.support.identity import Rows

from whipstitch.analytics.events.pages import position_of
from whipstitch.analytics.people import aliases, profiles
from whipstitch.core.projects import Scope

Told = list[tuple[str, str, str, str | None]]


def _told(rows: Rows, person: str | None = None, limit: int = 100) -> Told:
    """What all pages say: alias id, distinct id, state, reason."""
    found: list[aliases.ListedAlias] = []
    after = None
    while True:
        query = aliases.AliasesQuery(limit, person=person, after=after)
        page = rows.read(lambda reading, query=query: aliases.page(reading, query))  # type: ignore[misc]
        found += page.aliases
        if page.next_cursor is None:
            return [(one.alias_id, one.distinct_id, one.state, one.reason) for one in found]
        after = position_of(page.next_cursor, aliases.AliasPosition)


def test_an_operator_sees_what_became_of_each_alias(rows: Rows) -> None:
    rows.alias("anon", "user", 1)
    rows.alias("anon", "user", 2)
    rows.alias("anon", "other", 3)
    rows.alias("user", "anon", 4, verdict="loop")
    rows.alias("guest", "user", 5, refused="placeholder")
    rows.alias("user", "user", 6, refused="self")
    rows.alias("phone", "user", 7)
    rows.alias("undone", "user", 8)
    rows.alias("undone", "", 9, undo=True)
    rows.alias("again", "user", 10)
    rows.alias("again", "zoe", 10)
    rows.alias("again", "", 11, undo=True)
    rows.alias("again", "user", 12)
    rows.alias("new", "user", 13)
    rows.link("anon", "user", second=1)
    rows.link("phone", "user", second=7)
    rows.link("again", "user", second=12)
    rows.move("phone", "user")
    rows.elsewhere(Scope("proj_a", "test")).alias("stranger", "user", 14)

    told = _told(rows)

    assert told == [
        ("new", "user", "pending", None),
        ("again", "user", "rewritten", None),
        ("again", "zoe", "refused", "second_parent"),
        ("phone", "user", "pending", None),
        ("user", "user", "refused", "self"),
        ("guest", "user", "refused", "placeholder"),
        ("user", "anon", "refused", "loop"),
        ("anon", "other", "refused", "second_parent"),
        ("anon", "user", "rewritten", None),
    ]
    assert _told(rows, limit=1) == told


def test_what_was_refused_is_told_whatever_was_undone_since(rows: Rows) -> None:
    rows.alias("a1", "b1", 1)
    rows.alias("b1", "c1", 2)
    rows.alias("c1", "a1", 3, verdict="loop")
    rows.alias("a1", "", 4, undo=True)
    rows.alias("phone", "wrong", 5)
    rows.alias("phone", "right", 6)
    rows.alias("phone", "wrong", 7)
    rows.alias("phone", "", 8, undo=True)
    rows.alias("phone", "right", 9)
    rows.alias("phone", "wrong", 10)
    rows.alias("phone", "", 11, undo=True)
    rows.alias("null", "right", 12, refused="placeholder")
    rows.alias("null", "", 13, undo=True)
    rows.alias("z", "a1", 14, verdict="too_deep")
    rows.link("b1", "c1", second=2)

    told = [
        ("z", "a1", "refused", "too_deep"),
        ("null", "right", "refused", "placeholder"),
        ("phone", "wrong", "refused", "second_parent"),
        ("phone", "right", "refused", "second_parent"),
        ("c1", "a1", "refused", "loop"),
        ("b1", "c1", "rewritten", None),
    ]
    assert _told(rows) == told
    assert _told(rows, limit=1) == told
    assert _told(rows, "right") == [told[1], told[3]]


def test_the_aliases_of_a_person_are_those_from_and_to_any_of_their_ids(rows: Rows) -> None:
    rows.alias("anon", "account", 1)
    rows.alias("account", "user", 2)
    rows.alias("anon", "thief", 3)
    rows.alias("other", "stranger", 4)
    rows.link("anon", "account", "user", second=1)
    rows.link("account", "user", second=2)
    rows.link("other", "stranger", second=4)

    assert _told(rows, "user") == [
        ("anon", "thief", "refused", "second_parent"),
        ("account", "user", "rewritten", None),
        ("anon", "account", "rewritten", None),
    ]
    assert _told(rows, "thief") == [("anon", "thief", "refused", "second_parent")]
    assert _told(rows, "nobody") == []


def test_the_time_of_an_alias_is_that_of_its_receipt_also_where_the_clock_was_ahead(
    rows: Rows,
) -> None:
    rows.alias("anon", "user", 9000, received=61)
    rows.alias("phone", "anon", 9001, received=62)
    rows.link("anon", "user", second=9000)
    rows.link("phone", "anon", "user", second=9001)
    rows.event("user", 60)

    page = rows.read(lambda reading: aliases.page(reading, aliases.AliasesQuery(2)))
    person = rows.read(lambda reading: profiles.profile(reading, "phone"))
    seen = rows.ask("SELECT alias_id, toString(created_at) FROM sql_aliases ORDER BY alias_id")

    said = [(one.alias_id, one.created_at) for one in page.aliases]
    assert said == [("phone", "2026-02-02T02:41:02.000Z"), ("anon", "2026-02-02T02:41:01.000Z")]
    assert person is not None
    [anon] = person.aliases
    assert [anon.created_at, anon.aliases[0].created_at] == [
        "2026-02-02T02:41:01.000Z",
        "2026-02-02T02:41:02.000Z",
    ]
    assert seen == [("anon", "2026-02-02 02:41:01.000"), ("phone", "2026-02-02 02:41:02.000")]
