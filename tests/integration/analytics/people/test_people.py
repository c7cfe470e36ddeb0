"""The list of people and their profiles."""

import msgspec
import pytest
from tests.support.identity import START_MS, Rows

from whipstitch.analytics.events.pages import position_of
from whipstitch.analytics.people import last_active, listed, profiles
from whipstitch.core.projects import Scope

_NOW = START_MS + 60_000
_DAY = 86_400


@pytest.fixture(params=["counted", "summed up"])
def rows(rows: Rows, request: pytest.FixtureRequest) -> Rows:
    """What people did is read from the rows, or from a summary of them."""
    rows.summed_up = request.param == "summed up"
    return rows


def _pages(
    rows: Rows, *, limit: int = 100, search: str | None = None, now: int = _NOW
) -> list[listed.Listed]:
    """The people of all pages."""
    found: list[listed.Listed] = []
    after = None
    while True:
        query = last_active.PeopleQuery(limit, now, search=search, after=after)
        page = rows.read(lambda reading, query=query: last_active.page(reading, query))  # type: ignore[misc]
        assert len(page.people) <= limit
        found += page.people
        if page.next_cursor is None:
            return found
        after = position_of(page.next_cursor, last_active.PeoplePosition)


def _ids(listed: list[listed.Listed]) -> list[str]:
    return [person.distinct_id for person in listed]


def test_a_person_is_listed_once_with_all_that_their_ids_did_and_said(rows: Rows) -> None:
    rows.event("user", 10, anon_id="old")
    rows.event("anon", 5)
    rows.event("anon", 20)
    rows.link("old", "user", second=1)
    rows.link("anon", "user", second=2)
    rows.move("anon", "user")
    rows.traits("anon", 5, plan='"free"', city='"Rome"', mood="1")
    rows.traits("user", 4, plan='"pro"', name='"Ada"')
    rows.traits("user", 6, city=None, mood="[2, null]")

    (person,) = _pages(rows)

    assert msgspec.json.decode(msgspec.json.encode(person)) == {
        "distinct_id": "user",
        "aliases": ["old", "anon"],
        "properties": {"mood": [2, None], "name": "Ada", "plan": "free"},
        "first_seen": "2026-02-02T02:40:05.000Z",
        "last_seen": "2026-02-02T02:40:20.000Z",
        "event_count": 3,
    }


def test_after_an_undo_each_has_their_own(rows: Rows) -> None:
    rows.event("user", 10, anon_id="anon")
    rows.event("user", 20)
    rows.move("anon", "anon")
    rows.move("anon", "anon", stands_in="anon_id")

    assert [(one.distinct_id, one.event_count, one.last_seen) for one in _pages(rows)] == [
        ("user", 1, "2026-02-02T02:40:20.000Z"),
        ("anon", 1, "2026-02-02T02:40:10.000Z"),
    ]


def test_pages_hold_everybody_once_the_last_active_first(rows: Rows) -> None:
    rows.event("ahead of time", 400 * _DAY)
    rows.event("now", 50)
    rows.event("same instant", 50)
    rows.event("days ago", -3 * _DAY)
    rows.event("days ago", -300 * _DAY)
    rows.event("weeks ago", -20 * _DAY)
    rows.event("long ago", -3000 * _DAY)
    rows.event("now", -3000 * _DAY)
    rows.event("anon", -2 * _DAY)
    rows.link("anon", "now")
    rows.move("anon", "now")
    rows.link("shadow", "named too")
    for named in ("anon", "shadow", "named", "days ago"):
        rows.traits(named, 1)
    rows.elsewhere(Scope("proj_a", "test")).traits("stranger", 1)
    rows.elsewhere(Scope("proj_b", "live")).event("stranger", 1)

    listed = _pages(rows)

    assert _ids(listed) == [
        "ahead of time",
        "now",
        "same instant",
        "days ago",
        "weeks ago",
        "long ago",
        "named",
        "named too",
    ]
    for limit in (1, 3):
        assert _pages(rows, limit=limit) == listed
    assert [person.event_count for person in listed] == [1, 3, 1, 2, 1, 1, 0, 0]
    assert listed[-1].first_seen is listed[-1].last_seen is None


def test_people_are_listed_by_whichever_of_their_ids(rows: Rows) -> None:
    rows.event("ann", 10)
    rows.event("ann phone", 20)
    rows.link("ann phone", "ann")
    rows.move("ann phone", "ann")
    rows.event("bob", 30)
    rows.event("not asked for", 40)
    rows.traits("named", 1, plan='"pro"')
    ids = ["named", "ann phone", "ann", "nobody", "it's {x:String}", "bob"]

    page = rows.read(lambda reading: listed.named(reading, ids))

    assert [(one.distinct_id, one.aliases, one.event_count) for one in page.people] == [
        ("bob", [], 1),
        ("ann", ["ann phone"], 2),
        ("named", [], 0),
    ]
    assert page.next_cursor is None


_SEARCHES = {
    "USER_1": ["user_10", "user_1"],
    "anon": ["user_1", "user_2"],
    "é lov": ["user_1"],
    "GRACE@": ["user_2", "named"],
    "user_": ["user_10", "user_1", "user_2"],
    "device of named": ["named"],
    "old name": [],
    "forgotten": [],
    "pro": [],
    "%": [],
    "' OR 1=1 --": [],
    "{search:String}": [],
    "\\": [],
}


def test_a_search_finds_ids_names_and_emails(rows: Rows) -> None:
    rows.event("user_1", 10)
    rows.event("user_2", -100 * _DAY, anon_id="anon_2")
    rows.event("user_10", 30)
    rows.event("anon_1", 20)
    rows.link("anon_1", "user_1")
    rows.move("anon_1", "user_1")
    rows.link("anon_2", "user_2")
    rows.link("device of named", "named")
    rows.traits("anon_1", 1, name='"Ren\\u00e9 Love"', plan='"pro"')
    rows.traits("user_1", 2, email='"forgotten@example.com"')
    rows.traits("user_1", 3, email=None)
    rows.traits("user_10", 2, name='"Old Name"')
    rows.traits("user_10", 3, name='"New"')
    rows.traits("user_2", 2, **{"$email": '"grace@example.com"'})
    rows.traits("device of named", 2, email='"grace@example.org"')

    assert {text: _ids(_pages(rows, search=text)) for text in _SEARCHES} == _SEARCHES
    assert _ids(_pages(rows, search="user_", limit=1)) == _SEARCHES["user_"]
    assert _ids(_pages(rows, search="GRACE@", limit=1)) == _SEARCHES["GRACE@"]


def test_a_profile_is_found_by_any_id_and_shows_how_the_ids_hang_together(rows: Rows) -> None:
    rows.event("user", 10)
    rows.event("phone", 20)
    rows.link("phone", "account", "user", second=3)
    rows.link("web", "account", "user", second=4)
    rows.link("account", "user", second=5)
    rows.move("phone", "user")

    found = [
        rows.read(lambda reading, id_=id_: profiles.profile(reading, id_))  # type: ignore[misc]
        for id_ in ("user", "account", "phone", "web")
    ]

    assert (
        msgspec.to_builtins(found)
        == [
            {
                "distinct_id": "user",
                "aliases": [
                    {
                        "alias_id": "account",
                        "created_at": "2026-02-02T02:40:05.000Z",
                        "state": "rewritten",
                        "via": None,
                        "client": None,
                        "aliases": [
                            {
                                "alias_id": "phone",
                                "created_at": "2026-02-02T02:40:03.000Z",
                                "state": "pending",
                                "via": None,
                                "client": None,
                                "aliases": [],
                            },
                            {
                                "alias_id": "web",
                                "created_at": "2026-02-02T02:40:04.000Z",
                                "state": "rewritten",
                                "via": None,
                                "client": None,
                                "aliases": [],
                            },
                        ],
                    }
                ],
                "properties": {},
                "first_seen": "2026-02-02T02:40:10.000Z",
                "last_seen": "2026-02-02T02:40:20.000Z",
                "event_count": 2,
            }
        ]
        * 4
    )


def test_nobody_has_an_id_that_was_never_seen(rows: Rows) -> None:
    rows.event("user", 1)
    rows.elsewhere(Scope("proj_a", "test")).event("stranger", 1)
    rows.traits("named", 1)

    def profile(id_: str) -> profiles.Profile | None:
        return rows.read(lambda reading: profiles.profile(reading, id_))

    assert profile("stranger") is None
    assert profile("") is None
    assert profile("named") is not None


def test_both_spellings_of_a_reserved_trait_are_one_the_last_said(rows: Rows) -> None:
    rows.traits("ann", 1, **{"$email": '"old@example.com"', "name": '"Ann"', "$plan": '"pro"'})
    rows.traits("ann", 2, email='"new@example.com"', plan='"free"')
    rows.traits("ann", 3, **{"$name": None})
    rows.traits("bob", 1, phone='"1"')
    rows.traits("bob", 2, **{"$phone": '"2"'})
    rows.event("ann", 4)
    rows.event("bob", 3)

    assert {one.distinct_id: one.properties for one in _pages(rows)} == {
        "ann": {
            "$plan": msgspec.Raw(b'"pro"'),
            "email": msgspec.Raw(b'"new@example.com"'),
            "plan": msgspec.Raw(b'"free"'),
        },
        "bob": {"$phone": msgspec.Raw(b'"2"')},
    }
    assert _pages(rows, search="old@example") == []
