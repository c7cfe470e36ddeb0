"""Retention in a real browser: who comes back."""

import csv
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect
from tests.support.browser import HOSTILE, PHONE, Dashboard, choose, sideways
from tests.support.server import Server

TODAY = datetime.now(UTC).date()


def event(name: str, who: str, days_ago: int, **properties: str) -> dict[str, Any]:
    day = TODAY - timedelta(days=days_ago)
    payload: dict[str, Any] = {"event_name": name, "distinct_id": who, "properties": properties}
    payload["timestamp"] = f"{day}T00:00:00Z"
    return {"type": "track", "payload": payload}


HISTORY = [
    event("joined", "ann", 3, plan="pro"),
    event("joined", "bob", 3, plan="free"),
    event("joined", "ann", 2),
    event("joined", "cid", 1, plan="pro"),
    *(event("used", "ann", ago) for ago in (2, 1)),
    event("used", "bob", 1),
    event("used", "cid", 0),
    *(event("joined", who, 10) for who in ("dot", "eve")),
    event("used", "dot", 9),
    event(HOSTILE, "mallory", 1),
    {
        "type": "people",
        "payload": {"distinct_id": "ann", "properties": {"name": "Ann Archer"}},
    },
]
ASKED = "retention?start=(event_name:joined)&back=(event_name:used)&range=7d&periods=4"


@pytest.fixture(scope="module")
def server(everybodys: Server) -> Server:
    running = everybodys.in_new_project("Retention")
    assert running.send("/api/v1/batch", {"operations": HISTORY}).status_code == 200
    running.wait_until(lambda: len(running.events()) == len(HISTORY) - 1)
    return running


def shown(days_ago: int) -> str:
    return (TODAY - timedelta(days=days_ago)).strftime("%-d %b")


def row(page: Page, name: str, region: str = "Cohorts") -> Locator:
    return page.get_by_role("region", name=region).get_by_role("row", name=name)


def points(page: Page) -> list[int]:
    """How many points each line of the curve has."""
    lines = page.locator(".chart.curve path.line").all()
    return [len(re.findall("[ML]", one.get_attribute("d") or "")) for one in lines]


def test_retention_is_asked_by_clicking_and_its_address_restores_it(dashboard: Dashboard) -> None:
    page = dashboard.go("retention")
    choose(page, "Start event", "joi", "joined")
    choose(page, "Return event", "use", "used")
    page.get_by_label("Range").select_option("Last 7 days")
    page.get_by_label("Intervals to look at").fill("4")
    page.get_by_label("Intervals to look at").press("Tab")
    expect(row(page, shown(3))).to_have_text(f"{shown(3)}20%50%100%0%* so far")
    expect(row(page, shown(1))).to_have_text(f"{shown(1)}10%100%* so far")
    expect(row(page, "Average")).to_have_text("Average0%50%100%0%* so far—")
    expect(page.locator(".answer-sum")).to_contain_text("50% did used in day 1")

    page.get_by_label("Who starts").select_option("Whenever they did it")
    expect(row(page, shown(2))).to_have_text(f"{shown(2)}1100%100%0%* so far")
    page.get_by_role("button", name="People", exact=True).click()
    expect(row(page, shown(3))).to_have_text(f"{shown(3)}20120* so far")
    assert "mode=classic" in page.url

    page.reload()
    dashboard.settle()

    expect(row(page, shown(3))).to_have_text(f"{shown(3)}20120* so far")
    expect(page.get_by_label("Who starts")).to_have_value("classic")
    page.go_back()
    expect(row(page, shown(3))).to_have_text(f"{shown(3)}20%50%100%0%* so far")


def test_what_cannot_be_known_yet_is_not_drawn(dashboard: Dashboard) -> None:
    page = dashboard.go(ASKED)

    # Day 3 goes on, and day 4 has not begun for anybody.
    expect(row(page, "Average")).to_have_text("Average0%50%100%0%* so far—")
    assert points(page) == [3, 2]
    expect(page.locator(".chart.curve path.so-far")).to_have_count(1)
    expect(page.locator(".chart.curve svg")).to_contain_text("so far")
    cells = row(page, shown(3)).locator("td")
    assert "unfinished" in (cells.nth(4).get_attribute("class") or "")
    expect(cells.nth(5)).to_have_class("unknowable")
    expect(cells.nth(5)).to_have_text("")
    expect(page.locator("#answer")).to_contain_text("Empty: it has not begun yet.")


def test_periods_are_brackets_and_roll_from_each_start(dashboard: Dashboard) -> None:
    page = dashboard.go(ASKED)
    page.get_by_label("or brackets to").fill("1, 1")
    page.get_by_label("or brackets to").press("Tab")
    assert "brackets" not in page.url
    page.get_by_label("or brackets to").fill("1, 3, 7")
    page.get_by_label("or brackets to").press("Tab")
    expect(row(page, shown(3))).to_have_text(f"{shown(3)}20%100%0%* so far")
    expect(page.get_by_role("columnheader", name="Days 1 to 2")).to_be_visible()
    expect(page.get_by_label("Intervals to look at")).to_be_disabled()
    page.get_by_label("By the clock from each person's start").check()
    expect(row(page, shown(3))).to_have_text(f"{shown(3)}20%100%* so far0%* so far")
    page.get_by_role("button", name="Times").click()
    expect(row(page, shown(3))).to_have_text(f"{shown(3)}203* so far0* so far")
    expect(page.locator(".answer-sum")).to_contain_text("times each did used in days 1 to 2")

    page.reload()
    dashboard.settle()

    expect(row(page, shown(3))).to_have_text(f"{shown(3)}203* so far0* so far")
    expect(page.get_by_label("or brackets to")).to_have_value("1, 3, 7")


def test_each_value_has_its_curve_cohorts_and_people(dashboard: Dashboard) -> None:
    page = dashboard.go(ASKED)
    choose(page, "Break down by", "pla", "plan")
    everybody = row(page, "All people", "Averages by value")
    expect(everybody).to_have_text("All people30%50%100%0%* so far—")
    expect(row(page, "pro", "Averages by value")).to_have_text("pro20%100%100%0%* so far—")
    expect(page.locator(".legend li")).to_have_text(["pro", "free"])
    row(page, "free", "Averages by value").get_by_role("link").click()
    expect(page.get_by_role("heading", name="plan: free")).to_be_visible()
    expect(row(page, shown(3))).to_have_text(f"{shown(3)}10%0%100%0%* so far")

    row(page, shown(3)).get_by_role("link", name="100%").click()

    expect(page.get_by_role("heading", level=1)).to_have_text(
        f"Started on {shown(3)}, back in day 2 · plan: free"
    )
    expect(page.locator("main tbody tr")).to_have_count(1)
    expect(page.locator("main tbody")).to_contain_text("bob")


def test_behind_a_cell_are_people(dashboard: Dashboard) -> None:
    page = dashboard.go(ASKED)
    row(page, shown(3)).get_by_role("link", name="50%").click()

    expect(page.get_by_role("heading", level=1)).to_have_text(
        f"Started on {shown(3)}, back in day 1"
    )
    expect(page.locator("main tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Ann Archer").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ann Archer")

    page = dashboard.go(ASKED)
    row(page, shown(3)).get_by_role("link", name="2", exact=True).click()
    expect(page.locator("main tbody tr")).to_have_count(2)


def test_a_range_is_compared_and_taken_along(dashboard: Dashboard, tmp_path: Path) -> None:
    page = dashboard.go(ASKED)
    page.get_by_role("button", name="Compare").click()
    expect(row(page, "Before")).to_have_text("Before0%50%0%0%0%")
    expect(page.locator(".chart path.before")).to_have_count(1)
    page.get_by_role("button", name="Compare").click()
    expect(row(page, "Before")).to_have_count(0)
    for button, name in (("CSV", "numbers.csv"), ("PNG", "chart.png")):
        with page.expect_download() as begun:
            page.get_by_role("button", name=button).click()
        begun.value.save_as(tmp_path / name)

    with (tmp_path / "numbers.csv").open(encoding="utf-8-sig", newline="") as file:
        head, *rest = csv.reader(file)
    assert head == ["day", "people", "day 0", "day 1", "day 2", "day 3", "day 4"]
    days = [str(TODAY - timedelta(days=ago)) for ago in range(6, -1, -1)]
    assert [one[0] for one in rest] == [*days, "average"]
    assert rest[3] == [days[3], "2", "0", "0.5", "1", "0", ""]
    assert rest[-1] == ["average", "", "0", "0.5", "1", "0", ""]
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")


def test_what_clients_named_is_text(dashboard: Dashboard) -> None:
    page = dashboard.go("retention?range=7d")
    choose(page, "Start event", "\"'", HOSTILE)
    choose(page, "Return event", "\"'", HOSTILE)

    expect(page.locator(".answer-sum")).to_contain_text(HOSTILE)
    expect(row(page, shown(1))).to_have_text(f"{shown(1)}1100%0%* so far")
    assert page.title() != "run"
    assert page.locator("main img, main script").count() == 0


def test_an_address_may_say_anything_and_what_is_missing_is_said(dashboard: Dashboard) -> None:
    page = dashboard.go("retention?start=!n&back=5&mode=odd&interval=eon&periods=-1&view=no")
    expect(page.locator("#answer")).to_contain_text("Choose the event that people start with")
    page = dashboard.go("retention?start=(event_name:never_sent)")
    expect(page.locator("#answer")).to_contain_text("Nothing of that happened")
    page = dashboard.go("retention", "test")
    expect(page.get_by_role("heading", name="Nothing to ask about yet")).to_be_visible()


def test_it_is_readable_in_light_and_dark_and_on_a_phone(dashboard: Dashboard) -> None:
    found = []
    dashboard.go(f"{ASKED}&compare=1&breakdown=(property:plan,on:event)")
    found += dashboard.violations()
    assert found == []

    dashboard.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    assert sideways(dashboard.go(f"{ASKED}&compare=1")) == 0


def test_a_persons_days_are_those_of_the_charts_and_times_have_room(
    dashboard: Dashboard, server: Server
) -> None:
    def live_in(zone: str) -> None:
        address = f"{server.url}/api/v1/projects/{server.project_id}"
        headers = {"authorization": f"Bearer {server.token}"}
        assert (
            httpx.patch(address, json={"timezone": zone}, headers=headers, timeout=60).status_code
            == 200
        )
        told = f"Times: {zone}"
        server.wait_until(lambda: told in dashboard.go("person?id=bob").content())

    live_in("America/New_York")
    page = dashboard.page
    day = (TODAY - timedelta(days=2)).strftime("%a, %-d %b %Y")

    # Midnight in UTC is the evening before in New York.
    expect(page.locator("#timeline h3.day").first).to_have_text(day)
    # Where the clocks are put back, half past one comes twice.
    twice = page.evaluate("""async () => {
        const { src } = document.querySelector('script[src*="/app.js"]');
        const { timeOfDay } = await import(src.replace("/app.js", "/format.js"));
        return ["2026-11-01T05:30:00Z", Date.UTC(2026, 10, 1, 6, 30)].map(timeOfDay);
    }""")
    assert twice == ["01:30:00 GMT-4", "01:30:00 GMT-5"]
    line = page.locator("#timeline summary").first
    line.locator("time").evaluate("one => (one.textContent = '12:59:59 am GMT-4')")
    time, name = line.locator("time").bounding_box(), line.locator(".event-name").bounding_box()
    assert time is not None
    assert name is not None
    assert time["x"] + time["width"] <= name["x"]

    live_in("UTC")
