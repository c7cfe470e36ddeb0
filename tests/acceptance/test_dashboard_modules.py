"""What the dashboard's scripts work out without a page of their own, in a browser."""

from typing import Any

import pytest
from tests.support.browser import Dashboard
from tests.support.server import Server


@pytest.fixture(scope="module")
def server(everybodys: Server) -> Server:
    return everybodys.in_new_project("Modules")


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
    ("4w", "2026-03-03", "2026-02-04", "2026-03-04", "2026-01-07", "2026-02-04"),
    ("yesterday", "2026-03-01", "2026-02-28", "2026-03-01", "2026-02-27", "2026-02-28"),
    # 1 March 2026 is a Sunday: the week began on 23 February.
    ("week", "2026-03-01", "2026-02-23", "2026-03-02", "2026-02-16", "2026-02-23"),
    ("week", "2026-02-24", "2026-02-23", "2026-02-25", "2026-02-16", "2026-02-18"),
    ("last_week", "2026-03-01", "2026-02-16", "2026-02-23", "2026-02-09", "2026-02-16"),
    ("last_month", "2026-03-31", "2026-02-01", "2026-03-01", "2026-01-01", "2026-02-01"),
    ("quarter", "2026-05-31", "2026-04-01", "2026-06-01", "2026-01-01", "2026-03-01"),
    ("last_quarter", "2026-01-01", "2025-10-01", "2026-01-01", "2025-07-01", "2025-10-01"),
    ("year", "2026-03-01", "2026-01-01", "2026-03-02", "2025-01-01", "2025-03-02"),
    ("last_year", "2026-03-01", "2025-01-01", "2026-01-01", "2024-01-01", "2025-01-01"),
    ("2026-02-20..", "2026-03-01", "2026-02-20", "2026-03-02", "2026-02-10", "2026-02-20"),
    (
        "2026-03-01T08:30..2026-03-01T18:00",
        "2026-03-31",
        "2026-03-01T08:30",
        "2026-03-01T18:00",
        "2026-02-28T23:00",
        "2026-03-01T08:30",
    ),
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


QUERIED = [
    # from, to, the range
    ("2026-05-01", "2026-06-01", "2026-05-01..2026-05-31"),
    ("2026-05-01T00:00:00Z", "2026-05-08", "2026-05-01..2026-05-07"),
    ("2026-05-01T08:30:00Z", "2026-05-08", "2026-05-01T08:30..2026-05-07"),
    ("2026-05-01", "2026-05-01T18:00+02:00", "2026-05-01..2026-05-01T16:00"),
    ("2026-05-01", None, "2026-05-01.."),
    (None, "2026-05-31", "2026-05-01..2026-05-30"),
    (None, None, None),
]


def test_a_saved_query_keeps_its_times(dashboard: Dashboard) -> None:
    dashboard.go("people")
    script = "return given.map(([from, to]) => it.daysOf({ from, to }))"

    found = run(dashboard, "date_range.js", script, *([one[0], one[1]] for one in QUERIED))

    assert found == [one[2] for one in QUERIED]


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

    text = run(dashboard, "chart_export.js", "return it.csv(...given)", labels, series)

    assert text.split("\r\n") == [
        *(",'-2", "'=1+1,1", '"say ""hi"", twice",-2.5', "plain,0", "'\uff1d1,", '"\'\n=1",'),
    ]


INTERVALS = [
    ("2026-03-28T23:00:00.000Z", "hour", "29 Mar, 00:00", "2026-03-29 00:00"),
    ("2026-03-29T22:00:00.000Z", "day", "30 Mar", "2026-03-30"),
    ("2026-03-29T22:00:00.000Z", "week", "30 Mar", "2026-03-30"),
    ("2026-03-31T22:00:00.000Z", "month", "Apr 2026", "2026-04"),
    # The clocks are put back: 02:00 comes twice.
    ("2026-10-24T23:00:00.000Z", "hour", "25 Oct, 01:00", "2026-10-25 01:00"),
    ("2026-10-25T00:00:00.000Z", "hour", "25 Oct, 02:00 GMT+2", "2026-10-25 02:00+02:00"),
    ("2026-10-25T01:00:00.000Z", "hour", "25 Oct, 02:00 GMT+1", "2026-10-25 02:00+01:00"),
    ("2026-10-25T02:00:00.000Z", "hour", "25 Oct, 03:00", "2026-10-25 03:00"),
]


def test_intervals_begin_where_the_projects_clocks_say(dashboard: Dashboard) -> None:
    dashboard.go("people")
    script = """
        const zone = "Europe/Berlin";
        return given.map(([start, interval]) => [it.intervalLabel, it.intervalIso]
          .map((label) => label(start, interval, zone)));"""

    found = run(dashboard, "format.js", script, *([one[0], one[1]] for one in INTERVALS))

    assert found == [[one[2], one[3]] for one in INTERVALS]


NUMBERS: list[tuple[str, list[Any], str]] = [
    ("number", [0.0025], "0.0025"),
    ("number", [-0.0000125], "-0.0000125"),
    ("number", [0.5], "0.5"),
    ("number", [1234.567], "1,234.57"),
    ("number", [0], "0"),
    ("number", [None], "—"),
    ("percent", [0.125], "12.5%"),
    ("percent", [0.00042], "0.042%"),
    ("percent", [0], "0%"),
    ("change", [-50, -100], "+50%"),
    ("change", [-150, -100], "-50%"),
    ("change", [150, 100], "+50%"),
    ("change", [100, 0], "—"),
    ("change", [None, 5], "—"),
    ("formatOf", ["€", 12.5], "€12.50"),
    ("formatOf", ["€", 1200], "€1,200"),
    ("formatOf", ["USD", -0.0025], "-$0.0025"),
    ("formatOf", ["%", 0.0025], "0.0025%"),
    ("formatOf", ["ms", 12], "12\u00a0ms"),
    ("formatOf", ["€", None], "—"),
    ("axisOf", ["", 0.0005, 0.0025], "0.0025"),
    ("axisOf", ["", 5000, 15000], "15k"),
    ("axisOf", ["€", 5000, 15000], "€15k"),
    ("axisOf", ["%", 2.5, 7.5], "7.5%"),
]


def test_numbers_are_neither_rounded_to_nothing_nor_turned_round(dashboard: Dashboard) -> None:
    dashboard.go("people")
    script = """
        const made = (found, value) => found(value);
        return given.map(([name, first, ...rest]) => name === "change"
          ? it.change(first, ...rest) : rest.reduce(made, it[name](first)));"""

    found = run(dashboard, "format.js", script, *([name, *of] for name, of, _ in NUMBERS))

    assert found == [text for _, _, text in NUMBERS]


def test_times_are_those_of_the_project_and_pages_name_its_zone(
    dashboard: Dashboard, server: Server
) -> None:
    dashboard.go("people")
    change = "return it.patch(`projects/${it.project}`, { timezone: given[0] });"
    run(dashboard, "api.js", change, "Asia/Tokyo")

    def named() -> bool:
        return dashboard.go("people").locator("main .zone").inner_text() == "Times: Asia/Tokyo"

    server.wait_until(named)
    script = "return [it.dayOf, it.timeOfDay].map((one) => one(given[0]));"
    found = run(dashboard, "format.js", script, "2026-05-09T22:32:00.000Z")
    run(dashboard, "api.js", change, "UTC")

    assert found == ["Sun, 10 May 2026", "07:32:00"]


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


def test_numbers_that_a_browser_cannot_hold_are_shown_as_they_were_sent(
    dashboard: Dashboard,
) -> None:
    dashboard.go("people")
    sent = (
        '{"id":9007199254740993,"ids":[-123456789012345678901234567890,9007199254740991],'
        '"far":1e999,"sum":1e21,"part":0.5,"text":"9007199254740993"}'
    )
    script = """
        const read = it.parse(given[0]);
        const shown = it.tree(read);
        return [JSON.stringify(read), shown.querySelector(".json-number").textContent,
          typeof read.sum, read.ids[1]];"""

    found = run(dashboard, "json.js", script, sent)

    assert found == [
        sent.replace("1e21", "1e+21"),
        "9007199254740993",
        "number",
        9007199254740991,
    ]


def test_values_that_read_like_another_group_are_told_from_it(dashboard: Dashboard) -> None:
    dashboard.go("people")
    groups = [
        (None, None, "(not set)"),
        ("(not set)", None, '"(not set)"'),
        ("", None, "(blank)"),
        ("(blank)", None, '"(blank)"'),
        ("$other", None, "(other)"),
        ("$other", True, '"$other"'),
        ("(other)", None, '"(other)"'),
        ("$all", None, "(all)"),
        ("$all", True, '"$all"'),
        ("(all)", None, '"(all)"'),
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


ASKED = {
    "events": [
        {"event_name": "viewed", "math": "unique"},
        {"event_name": "paid", "math": "sum", "property": "amount", "unit": "EUR"},
    ],
    "formulas": [{"expression": "B / A", "name": "Each", "unit": "€"}],
    "breakdowns": [{"property": "plan"}, {"cohorts": ["coh_1"]}],
    "interval": "day",
    "from": "2026-05-01",
    "to": "2026-05-03",
    "compare": {"days": 7},
    "with_total": True,
}


def line(index: int, groups: list[str | None], values: list[float | None]) -> dict[str, Any]:
    known = [one for one in values if one is not None]
    return {
        "index": index,
        "event_name": None,
        "breakdown": groups[0],
        "breakdowns": groups,
        "values": values,
        "total": sum(known) if known else None,
    }


def test_an_answer_with_groups_of_groups_formulas_a_total_and_a_comparison_is_drawn(
    dashboard: Dashboard,
) -> None:
    dashboard.go("insights")
    answer = {
        "intervals": ["2026-05-01T00:00:00.000Z", "2026-05-02T00:00:00.000Z"],
        "series": [
            line(0, ["pro", "coh_1"], [3, 4]),
            line(0, [None, None], [1, 0]),
            line(0, ["$all", "$all"], [4, 4]),
            line(1, ["pro", "coh_1"], [30.0, 10.0]),
            line(2, ["pro", "coh_1"], [10.0, 2.5]),
            line(0, ["$other", None], [1, 1]) | {"are_values": [True, False]},
        ],
        "incomplete": [False, False],
        "cohortNames": {"coh_1": "Buyers"},
        "compared": {
            "intervals": ["2026-04-24T00:00:00.000Z", "2026-04-25T00:00:00.000Z"],
            "series": [line(0, ["pro", "coh_1"], [2, 2])],
        },
        "firstSeen": {"viewed": "2026-01-01T00:00:00Z", "paid": "2026-05-01T08:00:00Z"},
    }
    script = """
        const [answer, query, view] = given;
        const place = document.getElementById("answer");
        const told = it.drawInsights(place, { state: { view }, answer, query, before: null });
        const texts = (what) => [...place.querySelectorAll(what)].map((one) => one.textContent);
        return { rows: texts(".totals tbody tr"), dashed: texts("path.before").length,
          drawn: texts("path.line:not(.before)").length,
          note: texts("p.quiet"), whole: texts("tr.whole th"), links: texts(".totals a"),
          behind: decodeURIComponent(place.querySelector(".totals a").href),
          csv: told.series.map((one) => one.name), kept: told.kept };"""

    found = run(dashboard, "insight_answer.js", script, answer, ASKED, "line")

    assert found["rows"] == [
        "viewed · people · pro · Buyers74+75%",
        "viewed · people · (not set) · (in none of them)10—",
        "viewed · people · (all)80—",
        "paid · sum of amount · pro · Buyers€40€0no data before",
        "Each · pro · Buyers€12.50—no data before",
        'viewed · people · "$other" · (in none of them)20—',
    ]
    assert (found["drawn"], found["dashed"]) == (5, 5)
    assert found["note"] == ["Dashed: 24 Apr \u2013 25 Apr"]
    assert found["whole"] == ["viewed · people · (all)"]
    assert found["links"] == ["7", "1", "8", "2"]
    assert "breakdowns:!(pro,coh_1)" in found["behind"]
    assert found["csv"][1] == "viewed · people · pro · Buyers (before)"
    assert sorted(found["kept"]["colours"]) == [
        *("--", "=$other-", "=pro=coh_1", "B=pro=coh_1", "C=pro=coh_1")
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


def test_tiles_that_are_put_somewhere_overlap_nothing_and_leave_no_gap_above(
    dashboard: Dashboard,
) -> None:
    found = run(
        dashboard,
        "grid.js",
        """
        let seed = 7;
        const below = (most) => (seed = (seed * 16807) % 2147483647) % most;
        const size = () => ({ width: 2 + below(11), height: 2 + below(6) });
        const meets = (a, b, at, size) => a[at] < b[at] + b[size] && b[at] < a[at] + a[size];
        const meet = (a, b) => meets(a, b, "x", "width") && meets(a, b, "y", "height");
        const wrong = [];
        for (let round = 0; round < 200; round++) {
          let tiles = [];
          for (let count = 0; count < 6; count++) tiles.push({ ...it.roomFor(tiles, size()) });
          tiles = it.settle(tiles);
          for (let move = 0; move < 8; move++) {
            const index = below(tiles.length);
            const to = { x: below(16) - 2, y: below(30) - 2, ...(below(2) ? size() : {}) };
            tiles = it.put(tiles, index, to);
            const others = (i) => tiles.filter((_, j) => j !== i);
            const clash = tiles.some((a, i) => others(i).some((b) => meet(a, b)));
            const outside = tiles.some((a) => a.x < 0 || a.y < 0 || a.x + a.width > it.COLUMNS);
            const higher = (a, i) => !others(i).some((b) => meet({ ...a, y: a.y - 1 }, b));
            const floats = tiles.some((a, i) => a.y > 0 && higher(a, i));
            if (clash || outside || floats) wrong.push({ tiles, index, to });
          }
        }
        return wrong;
        """,
    )
    assert found == []


def test_by_steps_every_tile_comes_first_and_last(dashboard: Dashboard) -> None:
    column = [
        {"x": 0, "y": y, "width": 6, "height": height} for y, height in ((0, 3), (3, 5), (8, 2))
    ]
    found = run(
        dashboard,
        "grid.js",
        """
        const [column] = given;
        const walk = (index, y) => {
          let tiles = column;
          for (let now = tiles; now; now = it.stepped(now, index, { y })) tiles = now;
          return tiles.map((one) => one.y);
        };
        return [walk(2, -1), walk(0, 1), it.stepped(column, 0, { x: -1 })];
        """,
        column,
    )
    assert found == [[2, 5, 0], [7, 0, 5], None]
