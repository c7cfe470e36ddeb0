"""The questions that are timed, each with its floor: the simplest plain SQL that gives the same
numbers without aliasing."""

from typing import Any, Final, NamedTuple

MONTH: Final = {"from": "2026-10-01T00:00:00Z", "to": "2026-10-31T00:00:00Z"}
_HALF: Final = {"from": "2026-05-01T00:00:00Z", "to": "2026-11-01T00:00:00Z"}
_WEEKS: Final = {"from": "2026-08-31T00:00:00Z", "to": "2026-10-26T00:00:00Z"}
_STEPS: Final = [{"event_name": name} for name in ("$pageview", "search", "added_to_cart")]
_PEOPLE: Final = "cityHash64(distinct_id)"


class Question(NamedTuple):
    """``body`` None: a GET. ``seconds`` is the most that the answer may take. ``floor``: SQL with
    ``{where}`` for project, environment."""

    name: str
    path: str
    body: dict[str, Any] | None
    seconds: float
    floor: str


def _between(times: dict[str, str]) -> str:
    return f"timestamp >= '{times['from'][:10]}' AND timestamp < '{times['to'][:10]}'"


def _funnel(times: dict[str, str]) -> str:
    names = [step["event_name"] for step in _STEPS]
    conditions = ", ".join(f"event_name = '{name}'" for name in names)
    return (
        "SELECT level, count() FROM (SELECT windowFunnel(604800000)("
        f"toUInt64(toUnixTimestamp64Milli(timestamp)), {conditions}) AS level FROM events "
        f"WHERE {{where}} AND {_between(times)} AND event_name IN {tuple(names)} "
        f"GROUP BY {_PEOPLE}) GROUP BY level"
    )


_INSIGHT: Final = {"interval": "day", **MONTH}
_SEEN_THEN: Final = f"{{where}} AND event_name = '$pageview' AND {_between(MONTH)}"
_PANELS: Final = (
    *("page", "entry_page", "exit_page", "channel", "referrer", "utm_source", "utm_medium"),
    *("utm_campaign", "country", "device", "browser", "os"),
)
_BROKEN: Final = {
    "events": [{"event_name": "$pageview", "math": "total"}],
    "breakdown": {"property": "category", "limit": 25},
    **_INSIGHT,
}
QUESTIONS: Final = (
    Question(
        "insight, 30 days by day, total and unique",
        "insights",
        {
            "events": [{"event_name": "$pageview", "math": math} for math in ("total", "unique")],
            **_INSIGHT,
        },
        0.4,
        f"SELECT toDate(timestamp), count(), uniqExact({_PEOPLE}) FROM events "
        f"WHERE {_SEEN_THEN} GROUP BY ALL WITH TOTALS",
    ),
    Question(
        "insight, 30 days, broken down by a JSON property, top 25",
        "insights",
        _BROKEN,
        0.8,
        # Twenty-five of the forty values, the rest as one, each with its total.
        "SELECT if(properties.category.:String IN (SELECT properties.category.:String FROM events "
        f"WHERE {_SEEN_THEN} GROUP BY 1 ORDER BY count() DESC LIMIT 25), "
        "properties.category.:String, 'other') AS value, toDate(timestamp) AS day, count() "
        f"FROM events WHERE {_SEEN_THEN} GROUP BY GROUPING SETS ((value, day), (value))",
    ),
    *(
        Question(
            f"funnel, 3 steps, {label}",
            "funnels",
            {"steps": _STEPS, "window_seconds": 604_800, "order": "ordered", **times},
            seconds,
            _funnel(times),
        )
        for label, times, seconds in (("30 days", MONTH, 0.6), ("6 months", _HALF, 1.5))
    ),
    Question(
        "funnel, 3 steps, an exclusion, 30 days",
        "funnels",
        {
            "steps": _STEPS,
            "window_seconds": 604_800,
            "exclusions": [{"event_name": "error_shown"}],
            **MONTH,
        },
        0.9,  # half as much again as without
        _funnel(MONTH),
    ),
    Question(
        "retention, 8 weeks classic",
        "retention",
        {
            "start_event": "$pageview",
            "interval": "week",
            "periods": 8,
            "mode": "classic",
            **_WEEKS,
        },
        1.2,
        "SELECT mask, count() FROM (SELECT groupBitOr(bitShiftLeft(toUInt64(1), toUInt64("
        f"dateDiff('week', toDate('2026-08-31'), toDate(timestamp))))) AS mask FROM events "
        f"WHERE {{where}} AND {_between(_WEEKS)} GROUP BY {_PEOPLE}) GROUP BY mask",
    ),
    Question(
        "insight, 30 days by day, total, unique and a formula",
        "insights",
        {
            "events": [{"event_name": "$pageview", "math": math} for math in ("total", "unique")],
            "formulas": [{"expression": "A / B"}],
            **_INSIGHT,
        },
        0.4,
        f"SELECT toDate(timestamp), count(), uniqExact({_PEOPLE}) FROM events "
        f"WHERE {_SEEN_THEN} GROUP BY ALL WITH TOTALS",
    ),
    Question(
        "insight, 30 days, two breakdowns",
        "insights",
        {
            "events": [{"event_name": "$pageview"}],
            "breakdowns": [{"property": "category"}, {"property": "$os"}],
            **_INSIGHT,
        },
        1.6,
        "SELECT properties.category.:String AS value, os, toDate(timestamp) AS day, count() "
        f"FROM events WHERE {_SEEN_THEN} GROUP BY GROUPING SETS ((value, os, day), (value, os))",
    ),
    Question(
        "insight, 30 days by day, any of four conditions",
        "insights",
        {
            "events": [{"event_name": "$pageview"}],
            "filters": [
                {
                    "any": [
                        {"property": "category", "operator": "is", "value": value}
                        for value in ("category 1", "category 2", "category 3", "category 4")
                    ]
                }
            ],
            **_INSIGHT,
        },
        0.8,
        f"SELECT toDate(timestamp), count() FROM events WHERE {_SEEN_THEN} AND "
        "(properties.category.:String = 'category 1' OR properties.category.:String = 'category 2'"
        " OR properties.category.:String = 'category 3' OR "
        "properties.category.:String = 'category 4') GROUP BY ALL WITH TOTALS",
    ),
    Question(
        "insight, people of trailing 30 days, by day over 6 months",
        "insights",
        {
            "events": [{"event_name": "$pageview", "math": "unique", "rolling_days": 30}],
            "interval": "day",
            **_HALF,
        },
        1.5,
        f"SELECT toDate(timestamp) + day AS until, uniqExact({_PEOPLE}) FROM events "
        f"ARRAY JOIN range(30) AS day WHERE {{where}} AND event_name = '$pageview' "
        f"AND {_between(_HALF)} GROUP BY until SETTINGS max_memory_usage = 0",
    ),
    Question(
        "stickiness, 30 days",
        "stickiness",
        {"event_name": "$pageview", **_INSIGHT},
        1.5,
        "SELECT days, count() FROM (SELECT uniqExact(toDate(timestamp)) AS days FROM events "
        f"WHERE {_SEEN_THEN} GROUP BY {_PEOPLE}) GROUP BY days",
    ),
    Question(
        "lifecycle, 30 days",
        "lifecycle",
        {"event_name": "$pageview", **_INSIGHT},
        1.5,
        "SELECT day, multiIf(day = first, 1, day = last + 1, 2, 3) AS state, count() FROM ("
        "SELECT day, lagInFrame(day) OVER kept AS last, min(day) OVER kept AS first FROM ("
        f"SELECT {_PEOPLE} AS person, toDate(timestamp) AS day FROM events "
        f"WHERE {{where}} AND event_name = '$pageview' AND timestamp < '{MONTH['to'][:10]}' "
        "GROUP BY person, day) WINDOW kept AS (PARTITION BY person ORDER BY day)) "
        "GROUP BY day, state",
    ),
    Question(
        "flows, depth 4 after an event, 30 days",
        "flows",
        {"event_name": "search", "direction": "after", "depth": 4, **MONTH},
        1.5,
        "SELECT arraySlice(path, indexOf(path, 'search'), 5) AS steps, count() FROM (SELECT "
        "arrayMap(one -> one.2, arraySort(groupArray((timestamp, event_name)))) AS path "
        "FROM events "
        f"WHERE {{where}} AND {_between(MONTH)} GROUP BY {_PEOPLE}, session_id) "
        "WHERE has(path, 'search') GROUP BY steps ORDER BY count() DESC LIMIT 100",
    ),
    Question(
        "web page, all panels, 30 days",
        "web",
        {"breakdowns": _PANELS, "limit": 9, **_INSIGHT},
        1.0,
        # Without the panel of pages, of which a session has several; channel and device say no more
        # than referrer and system, and campaigns there are none.
        "SELECT day, entry_page, exit_page, referrer, country, browser, os, uniqExact(person), "
        "count(), sum(views), countIf(events = 1), median(seconds) FROM ("
        f"SELECT {_PEOPLE} AS person, toDate(min(timestamp)) AS day, count() AS events, "
        "countIf(event_name = '$pageview') AS views, max(timestamp) - min(timestamp) AS seconds, "
        + "".join(
            f"{pick}If({value}, timestamp, event_name = '$pageview') AS {name}, "
            for pick, value, name in (
                ("argMin", "properties.`$pathname`.:String", "entry_page"),
                ("argMax", "properties.`$pathname`.:String", "exit_page"),
                ("argMin", "properties.`$referring_domain`.:String", "referrer"),
                ("argMin", "country", "country"),
                ("argMin", "browser", "browser"),
            )
        )
        + "argMinIf(os, timestamp, event_name = '$pageview') AS os FROM events "
        f"WHERE {{where}} AND {_between(MONTH)} GROUP BY person, session_id HAVING views > 0) "
        "GROUP BY GROUPING SETS ((), (day), (entry_page), (exit_page), (referrer), (country), "
        "(browser), (os))",
    ),
    Question(
        "events page, by name and time, newest 100",
        "events?limit=100&event_name=share&from=2026-07-01T00:00:00Z",
        None,
        0.2,
        "SELECT * FROM events WHERE {where} AND event_name = 'share' "
        "AND timestamp >= '2026-07-01' ORDER BY timestamp DESC LIMIT 100",
    ),
    Question(
        "events page, of one person, newest 100",
        "events?limit=100&distinct_id=user_1234",
        None,
        0.2,
        "SELECT * FROM events WHERE {where} AND distinct_id = 'user_1234' "
        "ORDER BY timestamp DESC LIMIT 100",
    ),
    Question(
        "events page, newest 100",
        "events?limit=100",
        None,
        0.2,
        "SELECT * FROM events WHERE {where} ORDER BY timestamp DESC LIMIT 100",
    ),
    Question(
        "people page with search",
        "people?limit=50&search=er_1234",
        None,
        0.4,
        "SELECT distinct_id, max(timestamp), min(timestamp), count() FROM events "
        "WHERE {where} AND distinct_id LIKE '%er_1234%' GROUP BY distinct_id LIMIT 50",
    ),
)
