"""Funnels and experiments in a real browser: who drops out, and where."""

import csv
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.support.browser import HOSTILE, PHONE, Dashboard, choose, sideways
from tests.support.server import Server

YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)


def event(name: str, who: str, clock: str, days_ago: int = 0, **properties: Any) -> dict[str, Any]:
    """On the day before today, or so many days before that."""
    payload = {
        "event_name": name,
        "distinct_id": who,
        "timestamp": f"{YESTERDAY - timedelta(days=days_ago)}T{clock}:00Z",
        "properties": properties,
    }
    return {"type": "track", "payload": payload}


def crowd() -> Iterator[dict[str, Any]]:
    """Forty people who look at an offer: of those who ask for help most take it."""
    for number in range(40):
        who, plan = f"crowd_{number}", "team" if number % 2 else HOSTILE
        yield event("offered", who, "08:00", 5, plan=plan)
        if number < 16 or number >= 36:
            yield event("helped", who, "08:10", 5)
        if number < 20:
            yield event("taken", who, "08:20", 5)


HISTORY = [
    *crowd(),
    *(event("viewed", who, "10:00", plan="pro") for who in ("ann", "bob", "cid")),
    event("viewed", "dot", "10:00", plan="free"),
    event("viewed", "dot", "10:30", plan="free"),
    event("carted", "ann", "10:10"),
    event("carted", "bob", "12:00"),
    event("carted", "dot", "09:00"),
    event("bought", "ann", "10:20", amount=20),
    event("viewed", "ann", "10:00", 40),
    event(HOSTILE, "mallory", "10:00", 0, **{HOSTILE: HOSTILE}),
    event("viewed", "mallory", "10:01", plan="pro"),
    {
        "type": "people",
        "payload": {"distinct_id": "bob", "properties": {"name": "Bob Baker"}},
    },
]
STEPS = "funnels?steps=!((event_name:viewed),(event_name:carted),(event_name:bought))"


@pytest.fixture(scope="module")
def server(everybodys: Server) -> Server:
    running = everybodys.in_new_project("Funnels")
    assert running.send("/api/v1/batch", {"operations": HISTORY}).status_code == 200
    running.wait_until(lambda: len(running.events(limit=1000)) == len(HISTORY) - 1)
    return running


def rows(page: Page, table: str = "Steps") -> Locator:
    return page.get_by_role("region", name=table, exact=True).locator("tbody tr")


def test_a_funnel_is_built_by_clicking_and_its_address_restores_it(dashboard: Dashboard) -> None:
    page = dashboard.go("funnels")
    choose(page, "Step 1", "vie", "viewed")
    choose(page, "Step 2", "cart", "carted")
    page.get_by_role("button", name="Add a step").click()
    choose(page, "Step 3", "bou", "bought")
    expect(rows(page)).to_have_text(
        ["1viewed5—100%——", "2carted2340%40%1.1 hrs", "3bought1120%50%10 mins"]
    )
    expect(page.locator(".answer-sum")).to_contain_text("20% 1 of 5 people")

    page.get_by_label("Within").fill("1")
    page.get_by_role("form", name="Question").get_by_label("Unit of time").select_option("hours")
    expect(rows(page).nth(1)).to_have_text("2carted1420%20%10 mins")
    page.get_by_label("Order").select_option("In any order")
    expect(rows(page).nth(1)).to_have_text("22 of 32340%40%35 mins")
    page.get_by_label("Order").select_option("One step after another")
    page.get_by_role("button", name="Move up Step 3").click()
    expect(rows(page)).to_have_text(["1viewed5—100%——", "2bought1420%20%20 mins", "3carted010%0%—"])
    assert "window=1h" in page.url

    page.reload()
    dashboard.settle()

    expect(rows(page).nth(1)).to_have_text("2bought1420%20%20 mins")
    expect(page.get_by_label("Within")).to_have_value("1")
    page.go_back()
    expect(rows(page).nth(1)).to_contain_text("2carted")
    page.get_by_role("button", name="Remove Step 3").click()
    expect(rows(page)).to_have_count(2)


def test_who_dropped_out_is_listed_and_opened(dashboard: Dashboard) -> None:
    page = dashboard.go(STEPS)
    rows(page).nth(2).get_by_role("link").nth(1).click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Dropped out before step 3, bought")
    expect(page.locator("main tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Bob Baker").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Bob Baker")

    page = dashboard.go(STEPS)
    page.locator(".chart a:has(.funnel-lost)").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Dropped out before step 2, carted")
    expect(page.locator("main tbody tr")).to_have_count(3)


def test_groups_stand_side_by_side_and_a_range_is_compared(dashboard: Dashboard) -> None:
    page = dashboard.go(STEPS)
    choose(page, "Break down by", "pla", "plan")
    expect(rows(page, "Steps by group")).to_have_text(
        [
            "All people52 40%\N{MINUS SIGN}31 20%\N{MINUS SIGN}1",
            "pro42 50%\N{MINUS SIGN}21 25%\N{MINUS SIGN}1",
            "free10 0%\N{MINUS SIGN}10 0%\N{MINUS SIGN}0",
        ]
    )
    expect(page.locator(".chart rect.bar")).to_have_count(6)
    rows(page, "Steps by group").nth(2).get_by_role("link", name="\N{MINUS SIGN}1").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Dropped out before step 2, carted · plan: free"
    )
    expect(page.locator("main tbody tr")).to_have_count(1)

    page = dashboard.go(STEPS)
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".answer-sum")).to_contain_text("before: 0% of 1")
    expect(rows(page).first).to_have_text("1viewed5—100%100%0%——")
    expect(page.locator(".chart .funnel-before")).to_have_count(3)


def test_steps_have_alternatives_and_may_be_left_out_and_events_excluded(
    dashboard: Dashboard,
) -> None:
    page = dashboard.go("funnels?steps=!((event_name:viewed),(event_name:bought))")
    expect(rows(page).nth(1)).to_contain_text("bought14")
    page.get_by_role("button", name="Or another event").nth(1).click()
    choose(page, "Alternative of step 2 1", "cart", "carted")
    expect(rows(page).nth(1)).to_contain_text("bought or carted23")

    page = dashboard.go(STEPS)
    page.get_by_label("Step 2 is optional").check()
    expect(rows(page).nth(1)).to_contain_text("carted (optional)2340%40%")
    expect(rows(page).nth(2)).to_contain_text("bought1420%20%20 mins")
    expect(page.locator(".answer-sum")).to_contain_text("20% 1 of 5 people")
    page.reload()
    dashboard.settle()
    expect(page.get_by_label("Step 2 is optional")).to_be_checked()
    rows(page).nth(1).get_by_role("link").nth(1).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Left out step 2, carted (optional)")
    expect(page.locator("main tbody tr")).to_have_count(3)


def test_what_happened_between_ends_an_attempt(dashboard: Dashboard) -> None:
    page = dashboard.go("funnels?steps=!((event_name:viewed),(event_name:bought))")
    expect(rows(page).nth(1)).to_contain_text("bought14")
    page.get_by_role("button", name="Exclude an event").click()
    choose(page, "Exclusion 1", "cart", "carted")
    expect(rows(page).nth(1)).to_contain_text("bought05")
    page.get_by_label("From step").select_option("2 bought")
    # There is no such span: it is the whole way.
    expect(rows(page).nth(1)).to_contain_text("bought05")
    page.reload()
    dashboard.settle()
    page.get_by_role("button", name="Remove Exclusion 1").click()
    expect(rows(page).nth(1)).to_contain_text("bought14")


def test_conversion_over_time_and_how_long_it_takes(dashboard: Dashboard) -> None:
    page = dashboard.go(
        "funnels?steps=!((event_name:viewed),(event_name:carted))&window=1d&range=7d"
    )
    page.get_by_role("button", name="Over time").click()
    days = rows(page, "Conversion over time")
    expect(days).to_have_count(7)
    expect(days.nth(5)).to_contain_text("5240%")
    expect(page.locator("#answer")).to_contain_text("some people still have time to convert")
    assert "show=time" in page.url
    days.nth(5).get_by_role("link").nth(1).click()
    expect(page.locator("main tbody tr")).to_have_count(2)

    page.go_back()
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("#answer")).to_contain_text("Dashed:")
    expect(page.locator("#answer path.before")).to_have_count(1)
    heads = page.get_by_role("region", name="Conversion over time").locator("thead th")
    expect(heads.filter(has_text=re.compile("Before|Change"))).to_have_count(2)
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("button", name="Time to convert").click()
    expect(page.locator(".answer-sum")).to_contain_text("1.1 hrs median, 1.1 hrs on average, of 2")
    buckets = rows(page, "Time to convert")
    expect(buckets).to_have_count(12)
    buckets.last.get_by_role("link").click()
    expect(page.get_by_role("link", name="Bob Baker")).to_be_visible()


OFFER = "funnels?steps=!((event_name:offered),(event_name:taken))"


def test_what_goes_together_with_converting_is_drawn_with_its_interval(
    dashboard: Dashboard,
) -> None:
    page = dashboard.go(OFFER)
    page.get_by_role("button", name="Correlation").click()
    expect(page.locator(".answer-sum")).to_have_text(
        "1 event or value goes together with converting or dropping out, among 20 who converted "
        "and 20 who did not."
    )
    (helped,) = rows(page, "Goes together with converting").all()
    # 16 of 20 with 4 of 20 without: odds of 4 to odds of a quarter.
    expect(helped).to_contain_text(
        "helpedon the way16 80%\N{MINUS SIGN}44 20%\N{MINUS SIGN}1616\N{MULTIPLICATION SIGN}"
    )
    bar, whisker = page.locator(".chart .bar"), page.locator(".chart .whisker")
    expect(bar).to_have_count(1)
    box, ends = bar.bounding_box(), whisker.bounding_box()
    assert box is not None
    assert ends is not None
    # The value lies between the ends of its interval, and the interval on one side of 1.
    assert box["x"] < ends["x"] < box["x"] + box["width"] < ends["x"] + ends["width"]
    page.get_by_text("Not told from chance: 2").click()
    expect(rows(page, "Not told from chance")).to_have_count(2)
    expect(page.locator("#answer")).to_contain_text("need not cause it")
    assert "show=correlation" in page.url

    page.reload()
    dashboard.settle()
    helped.get_by_role("link").nth(1).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Dropped out with helped")
    expect(page.locator("main tbody tr")).to_have_count(4)

    page = dashboard.go(f"{STEPS}&show=correlation")
    expect(page.locator(".answer-sum")).to_contain_text("Nothing is seen to go together")
    expect(page.locator("#answer")).to_contain_text("Too few people to tell")
    page = dashboard.go("funnels?steps=!((event_name:offered))&show=correlation")
    expect(page.locator("#answer")).to_contain_text("Choose two steps that are not optional")


EXPERIMENT = (
    "experiments?exposure=(event_name:offered)&shown=(on:event,property:plan)"
    "&control=team&variants=!(other)&goal=(event_name:taken)"
)


def test_an_experiment_is_built_by_clicking_and_says_that_it_has_too_few_people(
    dashboard: Dashboard,
) -> None:
    page = dashboard.go("experiments")
    expect(page.locator("#answer")).to_contain_text("Choose the event that shows people a variant")
    choose(page, "Exposure 1", "offe", "offered")
    choose(page, "Variant property", "pla", "plan")
    # Its values are the variants, one of them the control.
    control = page.get_by_role("combobox", name="Control", exact=True)
    expect(control).to_have_value(HOSTILE)
    expect(page.get_by_role("button", name="Remove team")).to_be_visible()
    choose(page, "Goal event 1", "take", "taken")
    variants = rows(page, "Variants")
    expect(variants.nth(0)).to_contain_text(f"{HOSTILE}control201,545 short10\N{MINUS SIGN}1050%")
    expect(variants.nth(1)).to_contain_text("team201,545 short10\N{MINUS SIGN}1050%")
    expect(page.locator("#answer")).to_contain_text("Not enough people yet")
    expect(page.locator("#answer")).to_contain_text("Each variant needs 1,565 to find an uplift of")
    expect(page.locator(".chart .whisker")).to_have_count(2)
    box, ends = (page.locator(f".chart {one}").first.bounding_box() for one in (".bar", ".whisker"))
    assert box is not None
    assert ends is not None
    assert ends["x"] < box["x"] + box["width"] < ends["x"] + ends["width"]
    variants.nth(1).get_by_role("link").nth(2).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Did not reach the goal with team")
    expect(page.locator("main tbody tr")).to_have_count(10)

    page.go_back()
    dashboard.settle()
    expect(control).to_have_value(HOSTILE)
    page.get_by_label("Goal", exact=True).select_option("How often they do this")
    expect(rows(page, "Variants").nth(1)).to_contain_text("0.5")
    page.get_by_role("button", name="Over time").click()
    expect(page.locator(".chart .line.series-line:not(.so-far)")).to_have_count(2)
    page.get_by_label("Goal", exact=True).select_option("Take every step of a way")
    choose(page, "Step 1", "take", "taken")
    expect(page.locator(".chart svg")).to_be_visible()
    page.reload()
    dashboard.settle()
    expect(page.locator(".answer-sum")).to_contain_text("better with a chance of 50%")
    assert page.locator("main img, main script").count() == 0


def test_groups_of_two_breakdowns_have_both_names(dashboard: Dashboard) -> None:
    page = dashboard.go(STEPS)
    choose(page, "Break down by", "pla", "plan")
    choose(page, "And by", "pla", "plan")
    expect(rows(page, "Steps by group").nth(1)).to_contain_text("pro · pro42")
    page.reload()
    dashboard.settle()
    rows(page, "Steps by group").nth(1).get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("plan · plan: pro · pro")
    expect(page.locator("main tbody tr")).to_have_count(4)


def test_the_numbers_are_taken_along(dashboard: Dashboard, tmp_path: Path) -> None:
    page = dashboard.go(STEPS)
    for button, name in (("CSV", "numbers.csv"), ("PNG", "chart.png")):
        with page.expect_download() as begun:
            page.get_by_role("button", name=button).click()
        begun.value.save_as(tmp_path / name)

    with (tmp_path / "numbers.csv").open(encoding="utf-8-sig", newline="") as file:
        head, *rest = csv.reader(file)
    assert head == ["step", "people", "of first", "of previous", "median seconds", "dropped off"]
    assert rest == [
        ["viewed", "5", "1", "1", "", "0"],
        ["carted", "2", "0.4", "0.4", "3900", "3"],
        ["bought", "1", "0.2", "0.5", "600", "1"],
    ]
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")


def test_what_clients_named_is_text(dashboard: Dashboard) -> None:
    page = dashboard.go("funnels")
    choose(page, "Step 1", "\"'", HOSTILE)
    choose(page, "Step 2", "vie", "viewed")
    choose(page, "Break down by", "\"'", HOSTILE)

    expect(rows(page, "Steps by group")).to_have_text(
        ["All people11 100%\N{MINUS SIGN}0", f"{HOSTILE}11 100%\N{MINUS SIGN}0"]
    )
    page.locator(".chart a").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(HOSTILE)
    assert page.title() != "run"
    assert page.locator("main img, main script").count() == 0


def test_an_address_may_say_anything_and_what_cannot_be_asked_says_why(
    dashboard: Dashboard,
) -> None:
    page = dashboard.go("funnels?steps=!(5,!n)&window=0d&order=odd&breakdown=!(1)&filters=7")
    expect(page.locator("#answer")).to_contain_text("Choose the events of the first steps")
    page = dashboard.go("funnels?steps=!((event_name:never_sent))")
    expect(page.locator("#answer")).to_contain_text("Nothing of that happened")
    expect(page.get_by_role("button", name="CSV")).to_be_disabled()
    page = dashboard.go("funnels", "test")
    expect(page.get_by_role("heading", name="Nothing to ask about yet")).to_be_visible()

    filters = "(event_name:carted,filters:!((property:plan,operator:regex,value:'(')))"
    page = dashboard.go(f"funnels?steps=!((event_name:viewed),{filters})")
    expect(page.get_by_role("alert")).to_contain_text("step 2, filter 1")
    dashboard.complaints = [one for one in dashboard.complaints if "400" not in one]


def test_it_is_readable_in_light_and_dark_and_on_a_phone(dashboard: Dashboard) -> None:
    states = (
        "&compare=1",
        "&breakdown=(property:plan)&compare=1",
        "&breakdown=(property:plan)&second=(property:plan)&show=time&exclusions=!((event_name:x))",
        "&show=histogram",
    )
    found = []
    shown = [EXPERIMENT.replace("other", "pro"), f"{EXPERIMENT}&show=time"]
    addresses = [*(STEPS + state for state in states), f"{OFFER}&show=correlation", *shown]
    for address in addresses:
        dashboard.go(address)
        found += dashboard.violations()
    assert found == []

    dashboard.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    assert [sideways(dashboard.go(address)) for address in addresses] == [0] * 7
