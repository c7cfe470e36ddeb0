"""Insights in a real browser, and the people behind their numbers."""

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
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


HISTORY = [
    *(event("page_viewed", who, 1) for who in ("ann", "bob", "cid") for _ in range(3)),
    event("order_placed", "ann", 2, amount=10, currency="EUR"),
    event("order_placed", "ann", 2, amount=30, currency="EUR"),
    event("order_placed", "bob", 2, amount="20", currency="USD"),
    event("order_placed", "ann", 4, amount=40, currency="EUR"),
    event("order_placed", "cid", 40, amount=50, currency="EUR"),
    event(HOSTILE, "mallory", 1, **{HOSTILE: HOSTILE}),
    operation("people", distinct_id="ann", properties={"name": "Ann Archer", "plan": "pro"}),
    operation("people", distinct_id="bob", properties={"name": "Bob Baker", "plan": "free"}),
    operation("people", distinct_id="mallory", properties={"name": HOSTILE, HOSTILE: HOSTILE}),
]
SEEN_ON = (TODAY - timedelta(days=2)).strftime("%-d %b")


@pytest.fixture(scope="module")
def server(everybodys: Server) -> Server:
    running = everybodys.in_new_project("Insights")
    assert running.send("/api/v1/batch", {"operations": HISTORY}).status_code == 200
    running.wait_until(lambda: len(running.events()) == 15)
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
    page.get_by_label("Count", exact=True).select_option("People")
    expect(totals(page)).to_have_text("order_placed · people2")
    page.get_by_role("button", name="Add an event").click()
    choose(page, "Event B", "order", "order_placed")
    page.get_by_label("Count", exact=True).nth(1).select_option("Sum of")
    expect(page.locator("#answer")).to_contain_text("order_placed · people")
    choose(page, "Property to count", "am", "amount")
    expect(totals(page)).to_have_text(["order_placed · people2", "order_placed · sum of amount100"])
    page.get_by_role("group", name="Filters for all").get_by_role("button").click()
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


def test_values_are_suggested_the_most_frequent_first(dashboard: Dashboard) -> None:
    page = dashboard.go(orders())
    page.get_by_role("button", name="Add a filter").first.click()
    page.keyboard.type("currency")
    suggestions(page).first.click()
    page.get_by_role("combobox", name="Value of currency: add").click()
    expect(suggestions(page)).to_have_text(["EUR4", "USD1"])
    page.keyboard.type("us")
    expect(suggestions(page).first).to_have_text("USD1")
    suggestions(page).first.click()
    expect(totals(page)).to_have_text("order_placed1")


def test_a_range_is_compared_with_the_one_before(dashboard: Dashboard) -> None:
    page = dashboard.go(orders())
    page.get_by_role("button", name="Compare").click()

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
    (kept,) = server.get("/api/v1/questions").json()["questions"]
    assert (kept["range"], "from" in kept["query"]) == (f"{day}..", False)
    page.get_by_label("Range", exact=True).select_option("All time")
    expect(totals(page)).to_have_text("order_placed5")


def test_behind_a_number_are_people_who_become_a_cohort(
    dashboard: Dashboard, server: Server
) -> None:
    page = dashboard.go(orders("&view=bar&filters=!((property:plan,operator:is_set,on:person))"))
    page.get_by_role("link", name=f"order_placed, {SEEN_ON}: 3").click()

    expect(page.get_by_role("heading", level=1)).to_have_text(f"order_placed, {SEEN_ON}")
    expect(page.locator("tbody tr td:first-child .cut:first-child")).to_have_text(
        ["Ann Archer", "Bob Baker"]
    )
    dashboard.settle()
    assert dashboard.violations() == []
    page.get_by_role("button", name="Save as cohort").click()
    page.get_by_role("textbox", name="Name").fill("Buyers")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".toast")).to_contain_text("Saved, with 2 people.")
    (cohort,) = server.get("/api/v1/cohorts").json()["cohorts"]
    assert (cohort["name"], cohort["kind"], cohort["size"]) == ("Buyers", "static", 2)

    page.get_by_role("link", name="Open the cohort").click()
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
        (f"event_name:!n,math:unique,{pro}", "(none)", "Ann Archer"),
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
    expect(page.get_by_text("The first 50 people")).to_be_visible()
    page.get_by_role("button", name="Show more").click()
    expect(page.locator("tbody tr")).to_have_count(70)
    expect(page.get_by_text("70 people")).to_be_visible()
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


STATES = (
    "",
    "&view=bar&breakdown=(property:currency)&compare=1",
    "&view=table&compare=1",
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
