"""Insights in a real browser, and the people behind their numbers."""

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from tests.support.browser import HOSTILE, PHONE, Dashboard, choose, suggestions
from tests.support.server import Server

TODAY = datetime.now(UTC).date()


def operation(kind: str, **payload: Any) -> dict[str, Any]:
    return {"type": kind, "payload": payload}


def event(name: str, who: str, days_ago: int, **properties: Any) -> dict[str, Any]:
    day = TODAY - timedelta(days=days_ago)
    time = f"{day}T12:00:00Z"
    return operation(
        "track", event_name=name, distinct_id=who, timestamp=time, properties=properties
    )


SETTLED = [(3, -100), (2, 50), (1, -30)]
PAYMENTS = [(1, "paypal"), (1, "paypal"), (1, "invoice"), *[(9, "invoice")] * 4]
LANDED = [*["DE"] * 5, "FR", "SG", "Atlantis"]
NAMES = ["$other", "(not set)", "(blank)", "", "$all"]
HISTORY = [
    *(event("page_viewed", who, 1) for who in ("ann", "bob", "cid") for _ in range(3)),
    event("order_placed", "ann", 2, amount=10, currency="EUR"),
    event("order_placed", "ann", 2, amount=30, currency="EUR"),
    event("order_placed", "bob", 2, amount="20", currency="USD"),
    event("order_placed", "ann", 4, amount=40, currency="EUR"),
    event("order_placed", "cid", 40, amount=50, currency="EUR"),
    event("order_placed", "cid", 100, amount=50, currency="EUR"),
    event(HOSTILE, "mallory", 1, **{HOSTILE: HOSTILE}),
    *(
        event("settled", "ann", ago, amount=amount)
        for ago, amount in ((3, -100), (2, 50), (1, -30))
    ),
    *(event("balanced", "ann", 1, amount=amount) for amount in (5, -5)),
    event("rated", "ann", 1, score=0.0025),
    *(event("paid", "ann", ago, by=by) for ago, by in PAYMENTS),
    *(event("called", "ann", 1, group=name) for name in NAMES),
    event("called", "ann", 1),
    *(event("landed", "ann", 1, at=at) for at in LANDED),
    operation("people", distinct_id="ann", properties={"name": "Ann Archer", "plan": "pro"}),
    operation("people", distinct_id="bob", properties={"name": "Bob Baker", "plan": "free"}),
    operation("people", distinct_id="mallory", properties={"name": HOSTILE, HOSTILE: HOSTILE}),
]
SEEN_ON = (TODAY - timedelta(days=2)).strftime("%-d %b")


@pytest.fixture(scope="module")
def server(everybodys: Server) -> Server:
    running = everybodys.in_new_project("Insights")
    assert running.send("/api/v1/batch", {"operations": HISTORY}).status_code == 200
    running.wait_until(lambda: len(running.events()) == len(HISTORY) - 3)
    return running


def totals(page: Page) -> Locator:
    return page.get_by_role("region", name="Totals").locator("tbody tr")


def orders(parameters: str = "") -> str:
    return f"insights?events=!((event_name:order_placed)){parameters}"


def test_an_insight_is_built_by_clicking_and_its_address_restores_it(
    dashboard: Dashboard,
) -> None:
    page = dashboard.go("insights")
    expect(totals(page)).to_have_text("page_viewed9")

    choose(page, "Event A", "order", "order_placed")
    expect(totals(page)).to_have_text("order_placed4")
    page.get_by_label("Count", exact=True).select_option("unique")
    expect(totals(page)).to_have_text("order_placed · people2")
    page.get_by_role("button", name="Add an event").click()
    choose(page, "Event B", "order", "order_placed")
    page.get_by_label("Count", exact=True).nth(1).select_option("Sum of")
    expect(page.locator("#answer")).to_contain_text("order_placed · people")
    choose(page, "Property to count", "am", "amount")
    expect(totals(page)).to_have_text(["order_placed · people2", "order_placed · sum of amount100"])
    page.get_by_role("group", name="Filters for all").get_by_text("Add a filter").click()
    choose(page, "Property", "plan", "plan")
    choose(page, "Value of plan: add", "", "pro")
    expect(totals(page)).to_have_text(["order_placed · people1", "order_placed · sum of amount80"])
    choose(page, "Break down by", "curr", "currency")
    expected = ["order_placed · people · EUR1", "order_placed · sum of amount · EUR80"]
    expect(totals(page)).to_have_text(expected)
    page.get_by_role("button", name="Bars").click()
    expect(page.locator(".chart rect.bar")).not_to_have_count(0)
    assert "events=!((event_name:order_placed,math:unique)," in page.url

    page.reload()
    dashboard.settle()

    expect(totals(page)).to_have_text(expected)
    expect(page.get_by_role("button", name="Bars")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Remove pro")).to_be_visible()
    expect(page.get_by_role("combobox", name="Break down by")).to_have_value("currency")
    page.go_back()
    page.go_back()
    expect(page.get_by_role("combobox", name="Break down by")).to_have_value("")
    expect(totals(page)).to_have_text(["order_placed · people1", "order_placed · sum of amount80"])


def test_the_keyboard_alone_chooses_and_filters(dashboard: Dashboard) -> None:
    page = dashboard.go("insights")
    field = page.get_by_role("combobox", name="Event A")
    field.focus()
    page.keyboard.type("order")
    expect(suggestions(page)).to_have_text(["order_placed5", "ordernot seen"])
    expect(suggestions(page).first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(totals(page)).to_have_text("order_placed4")
    expect(field).to_be_focused()

    page.keyboard.type("nothing of mine")
    page.keyboard.press("Escape")
    expect(field).to_have_value("order_placed")
    page.get_by_role("button", name="Add a filter").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.type("amo")
    expect(suggestions(page).first).to_have_text("amountevent")
    page.keyboard.press("Tab")
    expect(page.get_by_role("combobox", name="Value of amount: add")).to_be_focused()
    page.get_by_label("Operator").select_option("≥")
    page.get_by_label("Operator").select_option("≥")
    page.keyboard.type("20")
    page.keyboard.press("Enter")

    expect(totals(page)).to_have_text("order_placed3")
    page.get_by_role("button", name="Remove the filter on amount").press("Enter")
    expect(totals(page)).to_have_text("order_placed4")
    expect(page.get_by_role("button", name="Add a filter").first).to_be_focused()


def test_a_name_that_is_typed_before_it_is_suggested_is_the_same(dashboard: Dashboard) -> None:
    page = dashboard.page

    def slowly(route: Route) -> None:
        page.wait_for_timeout(300)
        route.continue_()

    page.route("**/api/v1/lexicon**", slowly)
    dashboard.go(orders())
    page.get_by_role("group", name="Filters for all").get_by_role("button").first.click()
    page.keyboard.type("plan")
    page.keyboard.press("Enter")
    expect(page.locator(".filter-how .tag")).to_have_text("person")
    expect(page.get_by_role("combobox", name="Value of plan: add")).to_be_focused()
    page.keyboard.type("pro")
    page.keyboard.press("Enter")
    expect(totals(page)).to_have_text("order_placed3")

    page.get_by_role("combobox", name="Break down by").click()
    page.keyboard.type("currency")
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name="Break down by")).to_have_value("currency")
    expect(totals(page)).to_have_text("EUR3")
    page.unroute_all()


def test_filters_are_put_into_groups_that_hold_groups(dashboard: Dashboard) -> None:
    page = dashboard.go(orders())
    every = page.get_by_role("group", name="Filters for all", exact=True)
    every.get_by_role("button", name="Add a group").click()
    group = page.get_by_role("group", name="Group of filters").first
    choose(page, "Property", "curr", "currency")
    choose(page, "Value of currency: add", "US", "USD")
    expect(totals(page)).to_have_text("order_placed1")
    group.get_by_role("button", name="Add a group").click()
    inner = group.get_by_role("group", name="Group of filters")
    group.get_by_label("Which of the group").select_option("all of these")
    inner.get_by_role("combobox", name="Property").click()
    page.keyboard.type("amount")
    page.keyboard.press("Enter")
    inner.get_by_label("Operator").select_option("≥")
    page.keyboard.type("30")
    page.keyboard.press("Enter")
    expect(totals(page)).to_have_text("order_placed3")
    inner.get_by_role("button", name="Add a filter").click()
    page.keyboard.type("amount")
    page.keyboard.press("Enter")
    inner.get_by_label("Operator").nth(1).select_option("<")
    page.keyboard.type("40")
    page.keyboard.press("Enter")

    expect(totals(page)).to_have_text("order_placed2")
    page.reload()
    dashboard.settle()
    expect(totals(page)).to_have_text("order_placed2")
    expect(page.get_by_label("Which of the group")).to_have_count(2)
    page.get_by_label("Which of the group").first.select_option("all of these")
    expect(page.locator("#answer")).to_contain_text("Nothing of that happened")
    page.get_by_role("button", name="Remove the filter group").last.click()
    expect(totals(page)).to_have_text("order_placed1")
    assert dashboard.violations() == []


def test_values_are_suggested_the_most_frequent_first(dashboard: Dashboard) -> None:
    page = dashboard.go(orders())
    page.get_by_role("button", name="Add a filter").first.click()
    page.keyboard.type("currency")
    suggestions(page).first.click()
    page.get_by_role("combobox", name="Value of currency: add").click()
    expect(suggestions(page)).to_have_text(["EUR5", "USD1"])
    page.keyboard.type("us")
    expect(suggestions(page).first).to_have_text("USD1")
    suggestions(page).first.click()
    expect(totals(page)).to_have_text("order_placed1")


def test_a_range_is_compared_with_the_one_before(dashboard: Dashboard) -> None:
    page = dashboard.go(orders())
    page.get_by_label("Compare").select_option("With the period before")

    expect(totals(page)).to_have_text("order_placed41+300%")
    expect(page.locator(".chart path.before")).to_have_count(1)
    expect(page.locator("#answer")).to_contain_text("Dashed: ")
    page.get_by_label("Range").select_option("Last 7 days")
    expect(totals(page)).to_have_text("order_placed40—")
    assert "range=7d" in page.url
    page.get_by_label("Range").select_option("Custom…")
    day = str(TODAY - timedelta(days=4))
    page.get_by_label("First day").fill(day)
    page.get_by_label("Last day").fill(day)
    page.get_by_label("Last day").press("Tab")
    expect(totals(page)).to_have_text("order_placed10—")
    page.get_by_role("button", name="Number").click()
    expect(page.locator(".big")).to_have_text("1")


def test_formulas_names_units_and_maths_of_people_are_built_saved_and_shown_on_a_board(
    dashboard: Dashboard, server: Server
) -> None:
    page = dashboard.go("insights?events=!((event_name:page_viewed,math:unique))&range=7d")
    page.get_by_text("Name, unit, rolling days …").click()
    page.get_by_label("Name").fill("Visitors")
    page.get_by_label("Rolling days").fill("3")
    page.get_by_role("button", name="Add an event").click()
    choose(page, "Event B", "order", "order_placed")
    page.get_by_label("Count", exact=True).nth(1).select_option("Sum of")
    choose(page, "Property to count", "am", "amount")
    page.get_by_text("Name, unit, per person …").click()
    page.get_by_label("Per person").select_option("Average")
    page.get_by_label("Unit or currency").nth(1).fill("EUR")
    page.get_by_role("button", name="Add a formula").click()
    page.keyboard.type("B / A")
    page.keyboard.press("Tab")
    page.get_by_role("list", name="Formulas").get_by_label("Name").fill("Per visitor")
    page.get_by_label("Compare").click()  # what was typed before asks at once
    page.get_by_label("Compare").select_option("With … days before")
    page.get_by_label("Days before").fill("30")
    page.keyboard.press("Tab")

    lines = ["Visitors", "order_placed · sum of amount", "Per visitor"]
    expect(totals(page).locator("th")).to_contain_text(lines)
    expect(totals(page).nth(0)).to_contain_text("3")
    expect(totals(page).nth(1)).to_contain_text("€50")  # ann 80, bob 20
    expect(totals(page).nth(2)).to_contain_text("16.67")
    page.get_by_role("button", name="Save", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Spent")
    dialog.get_by_label("Pin to a new board").fill("Money")
    dialog.get_by_role("button", name="Save").click()
    page.wait_for_url("**?saved=*")
    questions = server.get("/api/v1/questions").json()["questions"]
    query = next(one["query"] for one in questions if one["name"] == "Spent")
    assert query["formulas"] == [{"expression": "B / A", "name": "Per visitor"}]
    assert query["compare"] == {"days": 30}
    assert (query["events"][0]["rolling_days"], query["events"][1]["unit"]) == (3, "EUR")
    page.reload()
    dashboard.settle()
    expect(page.get_by_text("Changed", exact=True)).to_have_count(0)
    expect(page.get_by_label("Days before")).to_have_value("30")
    expect(page.get_by_label("Formula", exact=True)).to_have_value("B / A")
    assert dashboard.violations() == []

    boards = server.get("/api/v1/boards").json()["boards"]
    page = dashboard.go(f"board?id={next(one['id'] for one in boards if one['name'] == 'Money')}")
    expect(totals(page).locator("th")).to_contain_text(lines)


def test_three_breakdowns_by_values_ranges_and_cohorts(
    dashboard: Dashboard, server: Server
) -> None:
    cohort = {"name": "Archers", "kind": "static", "members": ["ann"]}
    server.ask("/api/v1/cohorts", cohort)
    page = dashboard.go(orders("&range=7d"))
    choose(page, "Break down by", "curr", "currency")
    page.get_by_role("button", name="Then by another").click()
    page.get_by_role("combobox", name="Break down by").nth(1).click()
    page.keyboard.type("amount")
    page.keyboard.press("Enter")
    page.get_by_label("Groups").nth(1).select_option("ranges from …")
    page.get_by_label("Where ranges begin").fill("20, 40")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Then by another").click()
    page.get_by_role("combobox", name="Break down by").nth(2).click()
    page.keyboard.type("Cohorts")
    page.keyboard.press("Enter")
    choose(page, "Cohorts: add", "Arch", "Archers")
    page.get_by_label("With a line for all").check()

    rows = [
        "EUR · < 20 · Archers1",
        "EUR · [20, 40) · Archers1",
        "EUR · >= 40 · Archers1",
        "USD · [20, 40) · (in none of them)1",
    ]
    expect(totals(page)).to_have_count(5)
    assert sorted(totals(page).all_text_contents()[:4]) == sorted(rows)
    expect(totals(page).nth(4)).to_contain_text("4")
    page.reload()
    dashboard.settle()
    expect(totals(page)).to_have_count(5)
    totals(page).filter(has_text="USD").get_by_role("link").click()
    expect(page.locator("tbody tr")).to_contain_text("Bob Baker")
    page.go_back()
    page.get_by_label("Cumulative").check()
    expect(page.get_by_role("button", name="Remove Archers")).to_be_visible()
    page.wait_for_url("**cumulative=1*")


def test_a_day_counts_when_its_field_is_left(dashboard: Dashboard) -> None:
    page = dashboard.go(orders(f"&range=2026-05-05..{TODAY}"))
    first, last = page.get_by_label("First day"), page.get_by_label("Last day")
    before = page.url
    first.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(first).to_be_focused()
    day = first.input_value()
    assert day != "2026-05-05"
    assert page.url == before
    while first.evaluate("(field) => field === document.activeElement"):
        page.keyboard.press("Tab")

    expect(last).to_be_focused()
    page.wait_for_url(f"**range={day}..{TODAY}*")
    expect(last).to_be_focused()


def test_a_range_has_times_of_day_and_one_that_moves_on_is_saved_as_such(
    dashboard: Dashboard, server: Server
) -> None:
    day = TODAY - timedelta(days=4)
    page = dashboard.go(orders(f"&range={day}..{day}"))
    expect(totals(page)).to_have_text("order_placed1")
    times = page.get_by_role("button", name="Times").locator("visible=true")
    times.click()
    expect(page.get_by_label("Last day")).to_have_value(f"{day + timedelta(days=1)}T00:00")
    page.get_by_label("Last day").fill(f"{day}T12:01")
    expect(totals(page)).to_have_text("order_placed1")
    page.get_by_label("First day").fill(f"{day}T12:01")
    page.get_by_label("Last day").fill(f"{TODAY}T00:00")
    page.wait_for_url(f"**range={day}T12:01..{TODAY}T00:00*")
    expect(totals(page)).to_have_text("order_placed3")

    page.get_by_label("Range", exact=True).select_option("Since…")
    expect(page.get_by_label("Since")).to_have_value(f"{day}T12:01")
    times.click()
    page.wait_for_url(f"**range={day}..&*")
    expect(totals(page)).to_have_text("order_placed4")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("dialog").get_by_label("Name").fill("Orders since")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    page.wait_for_url("**?saved=*")
    questions = server.get("/api/v1/questions").json()["questions"]
    kept = next(one for one in questions if one["name"] == "Orders since")
    assert (kept["range"], "from" in kept["query"]) == (f"{day}..", False)
    page.get_by_label("Range", exact=True).select_option("All time")
    expect(totals(page)).to_have_text("order_placed6")


def test_behind_a_number_are_people_who_become_a_cohort(
    dashboard: Dashboard, server: Server
) -> None:
    page = dashboard.go(orders("&view=bar&filters=!((property:plan,operator:is_set,on:person))"))
    page.get_by_role("link", name=f"order_placed, {SEEN_ON}: 3").click()

    expect(page.get_by_role("heading", level=1)).to_have_text(f"order_placed, {SEEN_ON}")
    expect(page.get_by_text("The number clicked: 3.")).to_be_visible()
    expect(page.get_by_text("2 people", exact=True)).to_be_visible()
    page.get_by_role("button", name="Person", exact=True).click()
    expect(page.locator("tbody tr td:first-child .cut:first-child")).to_have_text(
        ["Ann Archer", "Bob Baker"]
    )
    dashboard.settle()
    assert dashboard.violations() == []
    page.get_by_role("button", name="Save as cohort").click()
    page.get_by_role("textbox", name="Name").fill("Buyers")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".toast")).to_contain_text("Saved, with 2 people.")
    cohorts = server.get("/api/v1/cohorts").json()["cohorts"]
    cohort = next(one for one in cohorts if one["name"] == "Buyers")
    assert (cohort["name"], cohort["kind"], cohort["size"]) == ("Buyers", "static", 2)
    page = dashboard.go(f"cohort?id={cohort['id']}")
    page.get_by_role("button", name="Take those of now").click()
    expect(page.locator(".toast")).to_contain_text("It has the people of now: 2 people.")
    page.get_by_role("link", name="a question").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Buyers")
    expect(page.locator("tbody tr")).to_have_count(2)

    page = dashboard.go(f"people?cohort={cohort['id']}")
    expect(page.get_by_role("heading", level=1)).to_have_text("People in Buyers")
    expect(page.locator("tbody tr")).to_have_count(2)
    page = dashboard.go("insights")
    page.get_by_role("button", name="Add a filter").first.click()
    choose(page, "Property", "coh", "Cohort")
    choose(page, "Cohort", "Buy", "Buyers")
    expect(totals(page)).to_have_text("page_viewed6")


def test_groups_without_a_value_and_the_rest_have_their_people(dashboard: Dashboard) -> None:
    pro = "filters:!((property:plan,operator:is,value:pro,on:person))"
    cases = (
        ("event_name:order_placed", "(other)", "Bob Baker"),
        (f"event_name:!n,math:unique,{pro}", "(not set)", "Ann Archer"),
    )
    for asked, group, who in cases:
        page = dashboard.go(
            f"insights?events=!(({asked}))&breakdown=(property:currency,limit:1)&range=7d"
        )
        totals(page).filter(has_text=group).get_by_role("link").click()

        expect(page.locator("tbody tr")).to_have_count(1)
        expect(page.locator("tbody tr")).to_contain_text(who)


def test_a_crowd_behind_a_number_is_shown_page_by_page(
    dashboard: Dashboard, server: Server
) -> None:
    ids = [f"{number}-{'é' * 150}" for number in range(70)]
    crowd = [event("crowded", who, 1) for who in ids]
    server.send("/api/v1/batch", {"operations": crowd})
    server.wait_until(lambda: len(server.events(event_name="crowded")) == 70)

    page = dashboard.go("insights?events=!((event_name:crowded))")
    totals(page).get_by_role("link").click()

    expect(page.locator("tbody tr")).to_have_count(50)
    expect(page.get_by_text("70 people")).to_be_visible()
    page.get_by_role("button", name="Show more").click()
    expect(page.locator("tbody tr")).to_have_count(70)
    expect(page.get_by_role("button", name="Show more")).to_be_hidden()


def test_a_viewer_looks_and_keeps_nothing(dashboard: Dashboard, server: Server) -> None:
    page = dashboard.go("settings/users")
    page.get_by_label("E-mail").fill("curious@example.com")
    page.get_by_role("button", name="Add a user").click()
    password = page.locator(".card.done pre, .card.done code").last.inner_text()
    assert dashboard.context.browser is not None
    viewer = Dashboard(dashboard.context.browser, server)
    viewer.page.goto("/")
    viewer.page.get_by_label("E-mail").fill("curious@example.com")
    viewer.page.get_by_label("Password").fill(password.strip())
    viewer.page.get_by_role("button", name="Sign in").click()
    viewer.page.wait_for_url("**/events")

    seen = viewer.go(orders())
    totals(seen).get_by_role("link").click()

    expect(seen.locator("tbody tr")).to_have_count(2)
    expect(seen.get_by_role("button", name="Save as cohort")).to_be_hidden()
    assert viewer.complaints == []
    viewer.context.close()


def test_the_numbers_are_taken_along_as_csv_and_as_a_picture(
    dashboard: Dashboard, tmp_path: Path
) -> None:
    page = dashboard.go(orders("&breakdown=(property:currency)&range=7d"))
    with page.expect_download() as begun:
        page.get_by_role("button", name="CSV").click()
    begun.value.save_as(tmp_path / "numbers.csv")
    with page.expect_download() as pictured:
        page.get_by_role("button", name="PNG").click()
    pictured.value.save_as(tmp_path / "chart.png")

    text = (tmp_path / "numbers.csv").read_text("utf-8-sig")
    head, *rows = csv.reader(io.StringIO(text))
    assert head == ["day", "EUR", "USD"]
    assert [row[1:] for row in rows] == [
        ["0", "0"],
        ["0", "0"],
        ["1", "0"],
        ["0", "0"],
        ["2", "1"],
        ["0", "0"],
        ["0", "0"],
        ["3", "1"],
    ]
    assert [row[0] for row in rows] == [
        *(str(TODAY - timedelta(days=ago)) for ago in range(6, -1, -1)),
        "total",
    ]
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")


def test_what_clients_named_is_text_wherever_it_is_chosen_and_shown(dashboard: Dashboard) -> None:
    page = dashboard.go("insights")
    choose(page, "Event A", "\"'", HOSTILE)
    page.get_by_role("button", name="Add a filter").first.click()
    page.keyboard.type("\"'")
    suggestions(page).filter(has_text="event").first.click()
    page.get_by_role("combobox", name=f"Value of {HOSTILE}: add").click()
    suggestions(page).first.click()
    expect(totals(page)).to_have_text(f"{HOSTILE}1")
    choose(page, "Break down by", "\"'", HOSTILE)
    expect(totals(page)).to_have_text(f"{HOSTILE}1")
    page.reload()
    dashboard.settle()
    totals(page).get_by_role("link").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text(HOSTILE)
    expect(page.locator("tbody tr")).to_have_count(1)
    assert page.title() != "run"
    assert page.locator("main img, main script").count() == 0


@pytest.mark.parametrize(
    "address",
    [
        "insights?events=!!!&filters=5&breakdown=!(1)&interval=eon&view=hologram&range=9999d",
        "insights?events=!(5,(event_name:5),(a:'b'),!n)&range=2026-02-31..x&compare=yes",
        "insights?events=!((event_name:order_placed,math:sum))",
        "people?of=insights&question=!(1)",
    ],
)
def test_an_address_may_say_anything(dashboard: Dashboard, address: str) -> None:
    page = dashboard.go(address)

    expect(page.locator("main .empty, main table").first).to_be_visible()


def test_a_question_that_is_refused_says_what_to_do(dashboard: Dashboard) -> None:
    page = dashboard.go(orders("&filters=!((property:currency,operator:regex,value:'('))"))

    expect(page.get_by_role("alert")).to_contain_text("regular expression")
    page.get_by_role("button", name="Remove the filter on currency").click()
    expect(totals(page)).to_have_text("order_placed4")
    dashboard.complaints = [one for one in dashboard.complaints if "400" not in one]


def test_where_nothing_happened_that_is_said(dashboard: Dashboard) -> None:
    page = dashboard.go("insights?events=!((event_name:never_sent))")
    expect(page.locator("#answer")).to_contain_text("Nothing of that happened")
    expect(page.get_by_role("button", name="CSV")).to_be_disabled()

    page = dashboard.go("insights", "test")
    expect(page.get_by_role("heading", name="Nothing to ask about yet")).to_be_visible()


def shapes(page: Page, kind: str) -> list[dict[str, float]]:
    """Where the drawn shapes of a kind are, in pixels of the picture."""
    boxes: list[dict[str, float]] = page.locator(f".chart svg {kind}").evaluate_all(
        """(all) => all.map((one) => {
          const [box, picture] = [one, one.closest("svg")].map((it) => it.getBoundingClientRect());
          return {left: box.left - picture.left, right: box.right - picture.left,
            top: box.top - picture.top, bottom: box.bottom - picture.top, all: picture.height};
        })"""
    )
    return boxes


def test_an_interval_that_is_not_whole_is_drawn_so(dashboard: Dashboard) -> None:
    page = dashboard.go(orders("&range=7d"))
    line, running = page.locator(".chart path.line.series-0").all()
    assert (line.get_attribute("d") or "").count("L") == 5
    assert (running.get_attribute("d") or "").count("L") == 1
    assert running.evaluate("(path) => getComputedStyle(path).strokeDasharray") != "none"
    expect(page.locator(".chart text.remark")).to_have_text("so far")
    page.locator(".chart-table summary").click()
    expect(page.locator(".chart-table tbody tr").last).to_contain_text("so far")

    wednesday = TODAY - timedelta(days=14 + (TODAY.weekday() - 2) % 7)
    for kind in ("line", "bar", "stacked"):
        page = dashboard.go(orders(f"&range={wednesday}..{TODAY}&interval=week&view={kind}"))
        expect(page.locator(".chart text.remark")).to_have_text(["in part", "so far"])
        assert page.locator(".chart rect.hatch").count() == (0 if kind == "line" else 2)
    (hatch, *_) = page.locator(".chart rect.hatch").all()
    fill = hatch.evaluate("(one) => getComputedStyle(one).fill")
    assert page.locator(fill.removeprefix('url("').removesuffix('")')).count() == 1


def test_hours_that_have_not_begun_are_not_drawn_as_none(dashboard: Dashboard) -> None:
    page = dashboard.go(orders("&range=1d"))
    if page.locator(".chart svg").count():
        hours = datetime.now(UTC).hour + 1
        drawn = page.locator(".chart path.line").evaluate_all(
            "(all) => all.map((one) => one.getAttribute('d')).join('')"
        )
        assert drawn.count("L") in (hours - 2, hours - 1)


def test_sums_below_zero_are_drawn_below_it_and_inside(dashboard: Dashboard) -> None:
    asked = "insights?events=!((event_name:settled,math:sum,property:amount))&range=7d"
    for kind in ("bar", "stacked"):
        page = dashboard.go(f"{asked}&view={kind}")
        expect(totals(page)).to_have_text("settled · sum of amount-80")
        (zero,) = shapes(page, "line.axis")
        bars = [one for one in shapes(page, "rect.bar") if one["bottom"] - one["top"] > 1]
        assert [one["top"] >= zero["top"] - 1 for one in bars] == [True, False, True]
        assert [one["bottom"] <= zero["top"] + 1 for one in bars] == [False, True, False]
        assert all(one["top"] >= 0 and one["bottom"] <= one["all"] for one in bars)
    page = dashboard.go(f"{asked}&view=line")
    (line, _) = shapes(page, "path.line")
    assert 0 <= line["top"] < line["bottom"] <= line["all"] - 20
    page.get_by_label("Compare").select_option("With the period before")
    expect(totals(page)).to_contain_text("no data before")


def test_what_nets_to_zero_is_not_nothing_and_what_is_small_is_not_zero(
    dashboard: Dashboard,
) -> None:
    page = dashboard.go("insights?events=!((event_name:balanced,math:sum,property:amount))")
    expect(totals(page)).to_have_text("balanced · sum of amount0")
    expect(page.locator(".chart path.line").first).to_be_attached()

    page = dashboard.go("insights?events=!((event_name:rated,math:avg,property:score))&range=7d")
    expect(totals(page)).to_have_text("rated · average of score0.0025")
    expect(page.locator(".chart svg text").first).to_have_text("0")
    expect(page.locator(".chart svg text").nth(1)).to_have_text("0.001")
    (dot,) = shapes(page, "circle.series-fill:not(.guide *)")
    assert dot["top"] < dot["all"] / 2


def colour_of(page: Page, group: str) -> str:
    named = totals(page).filter(has=page.get_by_text(group, exact=True)).locator(".swatch")
    return str(named.get_attribute("class")).removeprefix("swatch ")


def test_a_value_keeps_its_colour_whatever_its_rank_and_the_saved_view_keeps_it(
    dashboard: Dashboard, server: Server
) -> None:
    asked = "insights?events=!((event_name:paid))&breakdown=(property:by)"
    page = dashboard.go(f"{asked}&range=7d")
    expect(totals(page)).to_have_text(["paypal2", "invoice1"])
    colours = [colour_of(page, one) for one in ("paypal", "invoice")]
    assert len(set(colours)) == 2
    page.get_by_label("Range").select_option("Last 30 days")
    expect(totals(page)).to_have_text(["invoice5", "paypal2"])
    assert [colour_of(page, one) for one in ("paypal", "invoice")] == colours

    query = {"events": [{"event_name": "paid"}], "breakdown": {"property": "by"}}
    view = {"colours": {"=invoice": 6, "=paypal": 2}}
    body = {"name": "Paid", "surface": "insights", "query": query, "range": "30d", "view": view}
    saved = server.ask("/api/v1/questions", body).json()["question"]["id"]
    page = dashboard.go(f"insights?saved={saved}")
    assert [colour_of(page, one) for one in ("invoice", "paypal")] == ["series-6", "series-2"]
    expect(page.get_by_text("Changed")).to_have_count(0)
    page.get_by_role("button", name="Bars").click()
    expect(page.locator("rect.bar.series-6")).not_to_have_count(0)
    assert "colours=(=invoice:6,=paypal:2)" in unquote(page.url)


def test_values_called_as_groups_are_not_taken_for_them(dashboard: Dashboard) -> None:
    page = dashboard.go("insights?events=!((event_name:called))&breakdown=(property:group)")
    names = ['"$all"', '"$other"', '"(blank)"', '"(not set)"', "(blank)", "(not set)"]
    expect(totals(page)).to_have_count(6)
    assert sorted(totals(page).locator(".cut").all_inner_texts()) == names
    assert len({colour_of(page, one) for one in names}) == 6


def test_a_name_is_not_cut_beside_empty_room(dashboard: Dashboard) -> None:
    name = "a rather long name, as campaigns and pages have them"
    asked = f"insights?events=!((event_name:'{name}'),(event_name:order_placed))&range=7d"
    for kind in ("line", "table"):
        page = dashboard.go(f"{asked}&interval=week&view={kind}")
        cut = page.locator("#answer th .cut", has_text=name)
        assert cut.evaluate("(one) => one.scrollWidth - one.clientWidth") <= 0


def test_totals_are_ranked_and_shares_make_a_whole(dashboard: Dashboard) -> None:
    asked = "insights?events=!((event_name:paid))&breakdown=(property:by)"
    page = dashboard.go(f"{asked}&view=ranking")
    first, second = (one["right"] - one["left"] for one in shapes(page, "rect.bar"))
    assert first / second == pytest.approx(5 / 2, rel=0.02)
    names = page.locator(".chart svg text.label > title").all_text_contents()
    assert names == ["invoice", "paypal"]

    page.get_by_role("button", name="Shares").click()
    expect(page.locator(".chart svg")).to_contain_text("71.4% · 5")
    strip = shapes(page, "rect.bar")[:2]
    tracks = shapes(page, "rect.track")
    assert strip[1]["right"] > max(one["right"] for one in tracks)
    assert strip[0]["left"] == 0
    asked = "insights?events=!((event_name:settled,math:sum,property:amount))"
    page = dashboard.go(f"{asked}&view=share")
    expect(page.locator("#answer")).to_contain_text("Not as shares")
    (zero, bar) = (*shapes(page, "line.axis"), *shapes(page, "rect.bar"))
    assert bar["right"] <= zero["left"] + 2


def test_countries_are_drawn_on_a_map_and_lead_to_their_people(
    dashboard: Dashboard, tmp_path: Path
) -> None:
    page = dashboard.go("insights?events=!((event_name:landed))&breakdown=(property:at)&view=map")
    shades = {
        code: page.locator(f".country[data-code={code}]").first.get_attribute("class")
        for code in ("DE", "FR", "BR")
    }
    assert shades == {
        "DE": "country shade-5",
        "FR": "country shade-3",
        "BR": "country shade-0",
    }
    assert page.locator("circle.country[data-code=SG]").count() == 1
    expect(page.locator("#answer")).to_contain_text("Not on the map: Atlantis 1.")
    (germany, brazil) = (shapes(page, f"path[data-code={one}]")[0] for one in ("DE", "BR"))
    assert brazil["right"] < germany["left"]
    assert brazil["top"] > germany["bottom"]
    with page.expect_download() as pictured:
        page.get_by_role("button", name="PNG").click()
    pictured.value.save_as(tmp_path / "map.png")
    assert (tmp_path / "map.png").stat().st_size > 10_000
    page.get_by_role("link", name="Germany: 5").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("landed · at: DE")

    page = dashboard.go(orders("&view=map"))
    expect(page.locator("#answer .empty")).to_contain_text("breakdown by country")


STATES = (
    "",
    "&view=bar&breakdown=(property:currency)&compare=1",
    "&view=table&compare=1",
    "&view=ranking&breakdown=(property:currency)&compare=1",
    "&view=share&breakdown=(property:currency)",
    "&view=map&breakdown=(property:currency)",
    "&view=number&filters=!((property:currency,operator:is,value:!(EUR,USD),on:event))",
)


def test_no_state_has_a_serious_violation(dashboard: Dashboard) -> None:
    found = {one: dashboard.go(orders(one)) and dashboard.violations() for one in STATES}
    page = dashboard.go(orders())
    page.get_by_role("combobox", name="Event A").click()
    expect(suggestions(page).first).to_be_visible()
    found["open"] = dashboard.violations()

    assert {state: what for state, what in found.items() if what} == {}


def test_on_a_phone_nothing_is_wider_than_the_screen(dashboard: Dashboard) -> None:
    dashboard.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    for one in STATES:
        page = dashboard.go(orders(one))
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, one
    page.get_by_role("combobox", name="Break down by").click()
    expect(suggestions(page).first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_stickiness_and_lifecycle_lead_to_their_people(dashboard: Dashboard) -> None:
    page = dashboard.go("stickiness?event=(event_name:order_placed)&range=7d")
    expect(page.locator(".answer-sum")).to_have_text("1.5 of 7 days, on average, of 2 people")
    rows = page.get_by_role("region", name="Numbers").locator("tbody tr")
    expect(rows.nth(1)).to_have_text("2 days150%150%")
    expect(page.locator(".chart rect.bar")).to_have_count(7)
    assert dashboard.violations() == []
    rows.nth(1).get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("order_placed in 2 days")
    expect(page.locator("tbody tr")).to_contain_text("Ann Archer")

    page = dashboard.go("lifecycle?event=(event_name:order_placed)&range=7d")
    heights = page.locator(".chart rect.bar").evaluate_all(
        "(bars) => bars.map((one) => Number(one.getAttribute('height'))).filter(Boolean).length"
    )
    # Ann is new, stays away and comes back with Bob, who is new; then both stay away.
    assert heights == 5
    assert dashboard.violations() == []
    page.get_by_role("button", name="Table").click()
    dashboard.settle()
    states = page.get_by_role("region", name="People by state and interval").locator("tbody tr")
    numbers = [one.split("\t") for one in states.all_inner_texts()]
    assert numbers == [
        ["New", "0", "0", "1", "0", "1", "0", "0"],
        ["Returning", *"0000000"],
        ["Resurrecting", "0", "0", "0", "0", "1", "0", "0"],
        ["Dormant", "0", "0", "0", "-1", "0", "-2", "0"],
    ]
    states.nth(2).get_by_role("link").click()
    expect(page.locator("tbody tr")).to_contain_text("Ann Archer")
    dashboard.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    for one in ("stickiness", "lifecycle"):
        page = dashboard.go(one)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, one
