"""Sessions and what Web counts of them, against following everybody in plain Python."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import reference
from tests.support.reference import START, START_MS, Event, World, Worlds
from tests.support.web_traffic import DAY, PAUSE, Visit, numbers, page_of, visits

from whipstitch.analytics.expressions import filters
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.people import drill_down
from whipstitch.analytics.reports.web_answer import Web, WebRow
from whipstitch.analytics.reports.web_query import WebSelector
from whipstitch.analytics.sessions import listing
from whipstitch.analytics.sessions.channels import CHANNELS
from whipstitch.analytics.sessions.listing import SessionPosition, SessionsList, SessionsPage
from whipstitch.analytics.sessions.session_filters import split
from whipstitch.analytics.sessions.sessions import Sessions
from whipstitch.web.api.parameters import position
from whipstitch.web.api.web import WebBody

_MINUTE = 60_000
_HOURS = 60
_NAMES = (
    "$pageview",
    "$pageview",
    "$pageview",
    "$pageleave",
    "signed_up",
    "$screen",
    "$screen_seen",
)
_PROPERTIES: dict[str, list[Any]] = {
    "$pathname": ["/", "/pricing", "/docs", "o'd{x:String} \\", 7],
    "$screen_name": ["Home"],
    "$host": ["www.shop.example", "shop.example:8080"],
    "$referrer": ["https://www.Google.com/search?q=1", "https://shop.example/x", "odd", 3],
    "$referring_domain": ["$direct", "news.ycombinator.com:443", "www.google.com"],
    "utm_source": ["newsletter", "", None, 5],
    "utm_medium": ["email", "cpc"],
    "$device_type": ["Mobile", "tablet", "Laptop", "fridge"],
}
_BREAKDOWNS = ["entry_page", "exit_page", "referrer", "utm_source", "country", "device", "os"]


def _world(random: Random) -> World:
    """Visits of some people, in bursts that last for up to a day."""
    events = []
    for _ in range(random.randint(1, 14)):
        at = random.randint(-26, _HOURS + 4) * 60 * _MINUTE
        sent_id = random.choice(reference.IDS)
        session = random.choice(["", "", "s1", "s2", "s3"])
        for _ in range(random.choice([1, 1, 2, 3, 6])):
            events.append(_event(random, sent_id, session, at))
            at += random.choice([0, 1, 2 * _MINUTE, PAUSE - 1, PAUSE, PAUSE + 1, DAY, DAY + 1])
            if random.random() < 0.1:  # on another of their ids, or somebody else's
                sent_id = random.choice(reference.IDS)
    random.shuffle(events)
    shape = reference.random_world(random, 0)
    return World(events, shape.parents, shape.waiting, shape.updates)


def _event(random: Random, sent_id: str, session: str, at: int) -> Event:
    def some(share: float) -> dict[str, Any]:
        return {
            name: random.choice(options)
            for name, options in _PROPERTIES.items()
            if random.random() < share
        }

    return Event(
        random.choice(_NAMES),
        sent_id,
        at,
        some(0.6),
        {**some(0.2), "$pathname": "/not-here"},
        {
            "$session_id": session,
            "$os": random.choice(["ios", "linux", ""]),
            "$country": random.choice(["FR", "DE", ""]),
        },
        "test" if random.random() < 0.05 else "live",
    )


_FILTERS: tuple[dict[str, Any], ...] = (
    {"property": "$country", "operator": "is", "value": "FR"},
    {"property": "$pathname", "operator": "is", "value": ["/", "/docs"]},
    {"property": "$event_name", "operator": "is", "value": "signed_up"},
    {"property": "$distinct_id", "operator": "is_not", "value": "anon1"},
    {"property": "plan", "operator": "is", "value": "pro", "on": "person"},
    {"property": "page", "operator": "is", "value": "/pricing", "on": "session"},
    {"property": "page", "operator": "is_not", "value": ["/pricing", "/"], "on": "session"},
    {"property": "page", "operator": "contains", "value": "O", "on": "session"},
    {"property": "entry_page", "operator": "is", "value": "/", "on": "session"},
    {"property": "referrer", "operator": "is_not_set", "on": "session"},
    {"property": "country", "operator": "is_not", "value": "FR", "on": "session"},
    {"property": "views", "operator": "gte", "value": 2, "on": "session"},
    {"property": "bounced", "operator": "is", "value": True, "on": "session"},
    {"property": "seconds", "operator": "gt", "value": 60, "on": "session"},
    {"property": "os", "operator": "is", "value": "iOS", "on": "session"},
)


def _by_hand(world: World, chosen: list[Any], start: int, end: int) -> list[Visit]:
    """The sessions that begin in a range and pass the filters; ``pages`` as counted."""
    of_events = [one for one in chosen if one.get("on") != "session"]
    of_sessions = [one for one in chosen if one.get("on") == "session"]
    kept = []
    for visit in visits(world, of_events, end):
        named = [
            one for one in of_sessions if one["property"] == "page" and one["operator"] != "is_not"
        ]
        pages = {
            page: times
            for page, times in visit.pages.items()
            if not named or any(_meets(page, one) for one in named)
        }
        counted = Visit(visit.person, visit.session_id, visit.events, pages, visit.seen)
        if start <= visit.start < end and all(_passes(counted, one) for one in of_sessions):
            kept.append(counted)
    return kept


def _passes(visit: Visit, one: dict[str, Any]) -> bool:
    name = one["property"]
    if name == "page":
        if one["operator"] == "is_not":
            return not any(_meets(page, {**one, "operator": "is"}) for page in visit.seen)
        return any(_meets(page, one) for page in visit.seen)
    if name == "views":
        return bool(visit.views >= one["value"])
    if name == "bounced":
        return visit.bounced
    if name == "seconds":
        return bool(visit.seconds > one["value"])
    value = visit.value(name)
    if one["operator"] == "is_not_set":
        return value is None
    if one["operator"] == "is_not":
        return bool(value != one["value"])
    return bool(value == one["value"].lower())


def _meets(page: str, one: dict[str, Any]) -> bool:
    if one["operator"] == "contains":
        return one["value"].lower() in page.lower()
    return page in (one["value"] if isinstance(one["value"], list) else [one["value"]])


def _range(random: Random) -> tuple[int, int]:
    """In milliseconds from START, on and off the beginning of an event."""
    start = random.choice([0, 60 * _MINUTE, 90 * _MINUTE + 1])
    return start, start + random.choice([1, 60 * _MINUTE, 24 * 60 * _MINUTE, _HOURS * 60 * _MINUTE])


def _moment(at: int) -> datetime:
    return START + timedelta(milliseconds=at)


def _ask(worlds: Worlds, world: World, body: WebBody, selector: Any = None) -> Any:
    query = body.parsed(ZoneInfo("UTC"), datetime(2027, 1, 1, tzinfo=UTC))

    async def ask(session: Any) -> Any:
        if selector is None:
            return await body.report.answer(session, query)
        page = drill_down.parse(1000, None)
        return set((await body.report.people_behind(session, query, selector, page)).people)

    return worlds.read(world.scope(), ask)


def _told(row: Any) -> dict[str, Any]:
    return {
        name: getattr(row, name)
        for name in ("visitors", "sessions", "views", "bounce_rate", "median_seconds")
    }


def _rows(found: list[Visit], name: str) -> dict[str | None, dict[str, Any]]:
    groups: defaultdict[str | None, list[Visit]] = defaultdict(list)
    views: defaultdict[str | None, int] = defaultdict(int)
    for visit in found:
        if name == "page":
            for page, times in visit.pages.items():
                groups[page or None].append(visit)
                views[page or None] += times
        else:
            groups[visit.value(name)].append(visit)
            views[visit.value(name)] += visit.views
    return {value: numbers(some, views[value]) for value, some in groups.items()}


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_web_counts_what_following_everybody_does(worlds: Worlds, seed: int) -> None:
    random = Random(seed)  # noqa: S311
    world = worlds.put(_world(random))
    chosen = random.sample(_FILTERS, k=random.choice([0, 0, 1, 2]))
    start, end = _range(random)
    body = WebBody(
        from_=_moment(start).isoformat(),
        to=_moment(end).isoformat(),
        filters=list(chosen),
        breakdown="page",
        breakdowns=_BREAKDOWNS,  # type: ignore[arg-type]
        limit=1000,
        interval="hour",
    )
    found = [one for one in _by_hand(world, chosen, start, end) if one.seen]

    worlds.sum_sessions_up(random.choice([0, len(world.events) // 2, len(world.events)]))

    answer: Web = _ask(worlds, world, body)

    assert _told(answer) == numbers(found, sum(one.views for one in found))
    rows: dict[str, list[WebRow]] = {"page": answer.rows, **answer.breakdowns}  # type: ignore[dict-item]
    for name in ("page", *_BREAKDOWNS):
        by_hand = _rows(found, name)
        assert {row.value: _told(row) for row in rows[name]} == by_hand, name
        order = [(row.value is None, -row.visitors, row.value or "") for row in rows[name]]
        assert order == sorted(order), name
    assert answer.over_time.sessions == [  # type: ignore[union-attr]
        sum(_moment(one.start).replace(minute=0, second=0, microsecond=0) == hour for one in found)
        for hour in map(datetime.fromisoformat, answer.over_time.intervals)  # type: ignore[union-attr]
    ]
    name = random.choice(["page", *_BREAKDOWNS])
    value = random.choice([row.value for row in rows[name]] or [None])
    bounced = random.choice([None, True, False])
    people = {
        one.person
        for one in found
        if (
            value in {page or None for page in one.pages}
            if name == "page"
            else one.value(name) == value
        )
        and bounced in (None, one.bounced)
    }
    assert _ask(worlds, world, body, WebSelector(name, value, bounced)) == people  # type: ignore[arg-type]


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_sessions_are_listed_newest_first_page_by_page(worlds: Worlds, seed: int) -> None:
    random = Random(seed)  # noqa: S311
    world = worlds.put(_world(random))
    chosen = random.sample(_FILTERS, k=random.choice([0, 0, 1]))
    start, end = _range(random)
    person = random.choice([None, None, "ann"])
    of_events, of_sessions = split(filters.parse(chosen, "filters", of_sessions=True))
    sessions = Sessions(
        TimeRange(_moment(start), _moment(end)),
        of_events,
        of_sessions,
        person=None if person is None else world.person(person),
    )
    found = _by_hand(world, chosen, start, end)
    by_hand = [
        {
            "distinct_id": one.person,
            "session_id": one.session_id,
            "start": START_MS + one.start,
            "seconds": one.seconds,
            "events": len(one.events),
            "views": one.views,
            "pages": sorted(filter(None, one.pages)),
            "bounced": one.bounced,
            **{name: one.value(name) for name in _BREAKDOWNS},
        }
        for one in found
        if person is None or one.person == world.person(person)
    ]

    worlds.sum_sessions_up(random.choice([0, len(world.events) // 2, len(world.events)]))

    listed, cursor = [], None
    for _ in range(len(by_hand) + 1):
        query = SessionsList(sessions, 2, position(cursor, SessionPosition))

        async def ask(session: Any, query: SessionsList = query) -> SessionsPage:
            return await listing.answer(session, query)

        page = worlds.read(world.scope(), ask)
        assert len(page.sessions) <= 2
        listed += page.sessions
        cursor = page.next_cursor
        if cursor is None:
            break

    assert cursor is None
    starts = [datetime.fromisoformat(one.start) for one in listed]
    assert starts == sorted(starts, reverse=True)
    names = by_hand[0].keys() - {"start"} if by_hand else set()
    told = [
        {
            "start": round(datetime.fromisoformat(one.start).timestamp() * 1000),
            **{name: getattr(one, name) for name in names},
        }
        for one in listed
    ]
    order = lambda one: (one["start"], one["distinct_id"], one["session_id"])  # noqa: E731
    assert sorted(told, key=order) == sorted(by_hand, key=order)


def test_a_row_is_what_its_filter_gives(worlds: Worlds) -> None:
    random = Random(7)  # noqa: S311
    world = worlds.put(_world(random))
    asked: dict[str, Any] = {
        "from_": _moment(0).isoformat(),
        "to": _moment(_HOURS * 60 * _MINUTE).isoformat(),
    }
    for name in ("page", "channel", *_BREAKDOWNS):
        answer: Web = _ask(worlds, world, WebBody(**asked, breakdown=name))  # type: ignore[arg-type]
        for row in answer.rows or ():
            if row.value is not None:
                one = {"property": name, "operator": "is", "value": row.value, "on": "session"}
                filtered = _ask(worlds, world, WebBody(**asked, filters=[one]))
                assert _told(filtered) == _told(row), (name, row.value)


_CHANNELS: dict[str, list[dict[str, Any]]] = {
    "Direct": [{}, {"$referring_domain": "$direct"}, {"$referrer": "https://shop.example/"}],
    "Cross-network": [{"utm_campaign": "2026-Cross-network", "utm_medium": "cpc"}],
    "Paid Shopping": [{"utm_source": "amazon", "utm_medium": "cpc"}],
    "Paid Search": [
        {"utm_source": "google", "utm_medium": "cpc"},
        {"$referrer": "https://www.bing.com/", "utm_medium": "Paid-Search"},
        {"$referrer": "https://www.google.co.uk/", "gclid": "x"},
        {"$referrer": "https://www.google.com/", "gbraid": "x"},
        {"msclkid": "x"},
    ],
    "Paid Social": [{"utm_source": "facebook", "utm_medium": "paid"}],
    "Paid Video": [{"utm_source": "youtube", "utm_medium": "ppc"}],
    "Display": [{"utm_source": "some", "utm_medium": "banner"}],
    "Paid Other": [{"utm_source": "some", "utm_medium": "cpc"}],
    "Organic Shopping": [{"$referrer": "https://www.etsy.com/x"}, {"utm_campaign": "shopping"}],
    "Organic Social": [
        {"$referrer": "https://t.co/x"},
        {"$referrer": "https://news.ycombinator.com/item?id=1"},
        {"$referrer": "https://x.com/"},
        {"utm_source": "us", "utm_medium": "social"},
    ],
    "Organic Video": [{"$referrer": "https://youtu.be/x"}, {"utm_medium": "video"}],
    "AI Assistants": [
        {"$referrer": "https://chatgpt.com/"},
        {"$referrer": "https://gemini.google.com/"},
        {"utm_source": "perplexity"},
    ],
    "Email": [
        {"$referrer": "https://mail.google.com/"},
        {"$referrer": "android-app://com.google.android.gm/"},
        {"utm_source": "newsletter"},
        {"utm_medium": "E-Mail"},
    ],
    "Organic Search": [
        {"$referrer": "https://www.google.com/"},
        {"$referrer": "https://search.yahoo.co.jp/"},
        {"$referring_domain": "duckduckgo.com"},
        {"utm_source": "us", "utm_medium": "organic"},
    ],
    "Affiliates": [{"utm_source": "us", "utm_medium": "affiliate"}],
    "Audio": [{"utm_medium": "audio"}],
    "SMS": [{"utm_source": "sms"}],
    "Mobile Push Notifications": [{"utm_medium": "web_push"}],
    "Referral": [
        {"$referrer": "https://blog.example/"},
        {"$referrer": "https://google.evil-search.example/"},
        {"utm_source": "partner"},
        {"utm_medium": "link"},
    ],
}


def test_channels_are_told_from_referrer_and_campaign(worlds: Worlds) -> None:
    cases = [(name, one) for name, several in _CHANNELS.items() for one in several]
    world = worlds.put(
        World(
            [
                Event("$pageview", f"user{n}", n, {"$host": "shop.example", **sent})
                for n, (_, sent) in enumerate(cases)
            ]
        )
    )

    async def ask(session: Any) -> SessionsPage:
        sessions = Sessions(TimeRange(START, _moment(len(cases))))
        return await listing.answer(session, SessionsList(sessions, 1000))

    told = {one.distinct_id: one.channel for one in worlds.read(world.scope(), ask).sessions}
    assert set(_CHANNELS) == set(CHANNELS)
    assert [(told[f"user{n}"], sent) for n, (_, sent) in enumerate(cases)] == cases


def test_pages_are_named_as_screens_are() -> None:
    assert page_of(Event("$screen", "a", 0, {"name": "Home", "$pathname": "/"})) == "Home"
    assert page_of(Event("$pageview", "a", 0, {"name": "Home", "$pathname": "/"})) == "/"
