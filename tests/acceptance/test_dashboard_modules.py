"""What the dashboard's scripts work out without a page of their own, in a browser."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.browser import Dashboard
from tests.support.server import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("modules") / "data") as running:
        yield running


def run(dashboard: Dashboard, module: str, script: str, *values: Any) -> Any:
    """The value of ``script``, which sees what the module exports as ``it`` and the values as
    ``given``."""
    style = dashboard.page.locator("link[rel=stylesheet]").get_attribute("href")
    assert style is not None
    address = style.replace("style.css", module)
    source = f"async (given) => {{ const it = await import('{address}'); {script} }}"
    return dashboard.page.evaluate(source, list(values))


RANGES = [
    # range, today, from, to, from before, to before
    ("1d", "2026-03-01", "2026-03-01", "2026-03-02", "2026-02-28", "2026-03-01"),
    ("7d", "2026-03-03", "2026-02-25", "2026-03-04", "2026-02-18", "2026-02-25"),
    ("6m", "2026-08-30", "2026-02-28", "2026-08-31", "2025-08-28", "2026-02-28"),
    ("12m", "2024-02-28", "2023-02-28", "2024-02-29", "2022-02-28", "2023-02-28"),
    ("month", "2026-03-31", "2026-03-01", "2026-04-01", "2026-02-01", "2026-03-01"),
    ("month", "2026-03-10", "2026-03-01", "2026-03-11", "2026-02-01", "2026-02-11"),
    ("month", "2026-01-01", "2026-01-01", "2026-01-02", "2025-12-01", "2025-12-02"),
    (
        "2026-05-01..2026-05-01",
        "2026-06-30",
        "2026-05-01",
        "2026-05-02",
        "2026-04-30",
        "2026-05-01",
    ),
    (
        "2026-05-01..2026-05-31",
        "2026-06-30",
        "2026-05-01",
        "2026-06-01",
        "2026-03-31",
        "2026-05-01",
    ),
    ("nonsense", "2026-03-31", "2026-03-02", "2026-04-01", "2026-01-31", "2026-03-02"),
    (
        "2026-05-02..2026-05-01",
        "2026-03-31",
        "2026-03-02",
        "2026-04-01",
        "2026-01-31",
        "2026-03-02",
    ),
]


def test_ranges_end_with_today_and_are_compared_with_as_many_days_before(
    dashboard: Dashboard,
) -> None:
    dashboard.go("people")
    script = """
        return given.map(([range, now]) => {
          const [at, before] = [it.rangeOf(range, now), it.previousRange(range, now)];
          return [range, now, at.from, at.to, before.from, before.to];
        });"""

    found = run(dashboard, "date_range.js", script, *([one[0], one[1]] for one in RANGES))

    assert found == [list(one) for one in RANGES]


VALUES = [
    ("page_view", "page_view"),
    ("", "''"),
    ("it's! (x:1,2)", "'it!'s!! (x:1,2)'"),
    ("12", "'12'"),
    ("-", "'-'"),
    ("$os", "'$os'"),
    ("naïve 漢字", "'naïve 漢字'"),
    ([1, -2.5, 1e21, True, False, None], "!(1,-2.5,1e21,!t,!f,!n)"),
    ({"a": [], "b c": {"c": "x"}}, "(a:!(),'b c':(c:x))"),
    ({}, "()"),
]


def test_values_stand_in_addresses_as_text_and_come_back(dashboard: Dashboard) -> None:
    dashboard.go("people")
    script = """
        const back = (one) => JSON.stringify(it.decode(it.encode(one)));
        return given.map((one) => [back(one) === JSON.stringify(one), it.encode(one)]);"""

    found = run(dashboard, "rison.js", script, *(value for value, _ in VALUES))

    assert found == [[True, text] for _, text in VALUES]


def test_what_is_no_such_text_is_no_value(dashboard: Dashboard) -> None:
    dashboard.go("people")
    broken = ["", "(", "!(1", "(a)", "(a:)", "!x", "'open", "a,b", "(a:b)c", "!(" * 100]

    found = run(
        dashboard, "rison.js", "return given.map((one) => it.decode(one) === undefined)", *broken
    )

    assert found == [True] * len(broken)


def test_a_spreadsheet_does_not_compute_what_clients_named(dashboard: Dashboard) -> None:
    dashboard.go("people")
    labels = ["=1+1", 'say "hi", twice', "plain", "\uff1d1", "\n=1"]
    series = [{"name": "-2", "values": [1, -2.5, 0, None, None]}]

    text = run(dashboard, "charts.js", "return it.csv(...given)", labels, series)

    assert text.split("\r\n") == [
        *(",'-2", "'=1+1,1", '"say ""hi"", twice",-2.5', "plain,0", "'\uff1d1,", '"\'\n=1",'),
    ]


INTERVALS = [
    ("2026-03-28T23:00:00.000Z", "hour", "29 Mar, 00:00", "2026-03-29 00:00"),
    ("2026-03-29T22:00:00.000Z", "day", "30 Mar", "2026-03-30"),
    ("2026-03-29T22:00:00.000Z", "week", "30 Mar", "2026-03-30"),
    ("2026-03-31T22:00:00.000Z", "month", "Apr 2026", "2026-04"),
]


def test_intervals_begin_where_the_projects_clocks_say(dashboard: Dashboard) -> None:
    dashboard.go("people")
    script = """
        const zone = "Europe/Berlin";
        return given.map(([start, interval]) => [it.intervalLabel, it.intervalIso]
          .map((label) => label(start, interval, zone)));"""

    found = run(dashboard, "format.js", script, *([one[0], one[1]] for one in INTERVALS))

    assert found == [[one[2], one[3]] for one in INTERVALS]


def test_an_answer_that_is_no_longer_wanted_is_dropped_where_its_body_is_still_on_the_way(
    dashboard: Dashboard,
) -> None:
    dashboard.go("people")
    # A stream's body does not end by itself.
    script = """
        const ended = new AbortController();
        const fetched = window.fetch;
        window.fetch = async (...asked) => {
          const response = await fetched(...asked);
          setTimeout(() => ended.abort());
          return response;
        };
        return it.get("events/stream", {}, { signal: ended.signal })
          .catch((error) => error.name);"""

    assert run(dashboard, "api.js", script) == "AbortError"


def test_an_answer_that_breaks_off_is_no_answer(dashboard: Dashboard) -> None:
    dashboard.go("people")
    script = """
        window.fetch = async () => new Response('{"people": [');
        return it.get("people").catch((error) => it.reason(error));"""

    assert run(dashboard, "api.js", script) == "The server's answer broke off. Try again."


def test_values_that_read_like_another_group_are_told_from_it(dashboard: Dashboard) -> None:
    dashboard.go("people")
    groups = [
        (None, None, "(none)"),
        ("(none)", None, '"(none)"'),
        ("", None, "(blank)"),
        ("(blank)", None, '"(blank)"'),
        ("$other", None, "(other)"),
        ("$other", True, '"$other"'),
        ("(other)", None, '"(other)"'),
        ("pro", None, "pro"),
    ]
    script = "return given.map(([group, isValue]) => it.groupLabel(group, isValue ?? undefined));"

    found = run(dashboard, "answer_parts.js", script, *([one[0], one[1]] for one in groups))

    assert found == [label for _, _, label in groups]
    script = "return given.map(([group, isValue]) => it.groupAsked(group, isValue ?? undefined));"
    assert run(dashboard, "answer_parts.js", script, ["$other", True], ["$other", None], ["a"]) == [
        {"breakdown": "$other", "is_value": True},
        {"breakdown": "$other", "is_value": False},
        {"breakdown": "a"},
    ]


def test_operators_of_lists_and_versions_are_offered_where_such_were_seen(
    dashboard: Dashboard,
) -> None:
    dashboard.go("people")
    traits = [
        {"name": "app", "types": ["string"], "samples": ["2.4.1", "v2.10", "2.4.0-rc.1", "beta"]},
        {"name": "tags", "types": ["array", "string"], "samples": [["a"], "b"]},
        {"name": "plan", "types": ["string"], "samples": ["pro", "2.4.1", "free"]},
        {"name": "price", "types": ["number"], "samples": [2.4, 1]},
    ]
    script = """
        const [traits, ...filters] = given;
        window.fetch = async () => new Response(JSON.stringify({ ok: true, traits }));
        const element = it.filterEditor({ filters, onchange: () => {} });
        await new Promise((resolve) => setTimeout(resolve, 100));
        const rare = (one) => [...one.options].map((option) => option.value)
          .filter((name) => /_of$|^semver/.test(name));
        const selects = [...element.querySelectorAll(".filter-operator")];
        return selects.map((one) => [one.value, rare(one)]);"""
    lists = ["any_of", "all_of", "none_of"]
    versions = ["semver_gt", "semver_gte", "semver_lt", "semver_lte"]
    asked = [
        ("app", "is", versions),
        ("tags", "any_of", lists),
        ("plan", "is", []),
        ("price", "semver_lt", ["semver_lt"]),
        ("unknown", "gt", []),
    ]
    filters = [
        {"property": name, "on": "person", "operator": operator, "value": "1"}
        for name, operator, _ in asked
    ]

    found = run(dashboard, "filter_editor.js", script, traits, *filters)

    assert found == [[operator, offered] for _, operator, offered in asked]
