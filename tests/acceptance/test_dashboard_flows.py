"""Flows in a real browser: what people do next."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.support.browser import HOSTILE, PHONE, Dashboard, choose, sideways
from tests.support.server import Server

YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)


def visit(who: str, *names: str, days_ago: int = 0) -> list[dict[str, Any]]:
    """One event a minute, on the day before today or so many days before that."""
    day = YESTERDAY - timedelta(days=days_ago)
    return [
        {
            "type": "track",
            "payload": {
                "event_name": name,
                "distinct_id": who,
                "timestamp": f"{day}T10:{minute:02}:00Z",
                "properties": {"$session_id": f"{who} {day}", "$pathname": f"/{name}"},
            },
        }
        for minute, name in enumerate(names)
    ]


HISTORY = [
    *visit("ann", "searched", "viewed", "bought"),
    *visit("bob", "searched", "viewed"),
    *visit("cid", "searched"),
    *visit("ann", "searched", "viewed", days_ago=40),
    *visit("mallory", HOSTILE, HOSTILE + "2"),
    {
        "type": "people",
        "payload": {"distinct_id": "ann", "properties": {"name": "Ann Archer"}},
    },
]
ASKED = "flows?event_name=searched"


@pytest.fixture(scope="module")
def server(everybodys: Server) -> Server:
    running = everybodys.in_new_project("Flows")
    assert running.send("/api/v1/batch", {"operations": HISTORY}).status_code == 200
    running.wait_until(lambda: len(running.events()) == len(HISTORY) - 1)
    return running


def nodes(page: Page) -> Locator:
    return page.locator(".chart .node")


def test_a_flow_is_asked_by_clicking_and_its_address_restores_it(dashboard: Dashboard) -> None:
    page = dashboard.go("flows")
    choose(page, "Event", "sear", "searched")
    expect(nodes(page)).to_have_text(
        ["searched3 · 33.3% end", "viewed2 · 50% end", "bought1 · 100% end"]
    )
    expect(page.locator(".answer-sum")).to_contain_text("3 visits with searched; 33.3% end with it")
    expect(page.locator(".ribbon-lost")).to_have_count(3)
    page.get_by_label("Steps from it").fill("1")
    page.get_by_label("Steps from it").press("Tab")
    expect(nodes(page)).to_have_text(["searched3 · 33.3% end", "viewed2"])
    choose(page, "Event", "vie", "viewed")
    page.get_by_label("Direction").select_option("What leads to it")
    expect(nodes(page)).to_have_text(["searched2", "viewed2"])

    page.reload()
    dashboard.settle()

    expect(nodes(page)).to_have_text(["searched2", "viewed2"])
    expect(page.get_by_label("Direction")).to_have_value("before")
    page.go_back()
    expect(nodes(page)).to_have_text(["viewed2 · 50% end", "bought1"])


def test_a_node_leads_to_its_people_and_further_by_keyboard(dashboard: Dashboard) -> None:
    page = dashboard.go(ASKED)
    viewed = page.get_by_role("button", name="viewed: 2")
    viewed.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="See the people")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".node-card")).to_have_count(0)
    expect(viewed).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="See the people").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("viewed, 1 step after searched")
    expect(page.locator("main tbody tr")).to_have_count(2)
    page.get_by_role("link", name="Ann Archer").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ann Archer")

    page = dashboard.go(ASKED)
    viewed.click()
    page.get_by_role("link", name="Go on from here").click()
    expect(nodes(page)).to_have_text(["viewed2 · 50% end", "bought1 · 100% end"])
    expect(page.get_by_role("combobox", name="Event")).to_have_value("viewed")


def test_paths_go_both_ways_from_any_step_and_without_some_events(dashboard: Dashboard) -> None:
    page = dashboard.go("flows?event_name=viewed&direction=both")
    whole = ["searched2 · 100% begin", "viewed2 · 50% end", "bought1 · 100% end"]
    expect(nodes(page)).to_have_text(whole)
    page.get_by_role("button", name="bought: 1").click()
    page.get_by_role("link", name="Only paths through here").click()
    expect(nodes(page)).to_have_text(["searched1 · 100% begin", "viewed1", "bought1 · 100% end"])
    page.get_by_role("button", name="Remove bought at step 1").click()
    expect(nodes(page)).to_have_text(whole)

    page.get_by_role("button", name="searched: 2").click()
    page.get_by_role("link", name="Leave it out").click()
    expect(nodes(page)).to_have_text(["viewed2 · 50% end", "bought1 · 100% end"])
    page.reload()
    dashboard.settle()
    expect(page.get_by_role("button", name="Remove searched")).to_be_visible()

    page.get_by_label("Direction").select_option("From the first of a visit")
    expect(nodes(page).first).to_have_text("viewed2 · 50% end")
    expect(page.locator(".answer-sum")).to_contain_text("3 visits")


def test_steps_are_pages(dashboard: Dashboard) -> None:
    page = dashboard.go("flows")
    page.get_by_role("combobox", name="Steps", exact=True).select_option("Of pages")
    expect(page.locator("#answer")).to_contain_text("Choose a page")
    page.get_by_role("combobox", name="Page", exact=True).fill("/searched")
    page.keyboard.press("Enter")

    expect(nodes(page).first).to_have_text("/searched3 · 33.3% end")
    page.get_by_role("button", name="/viewed: 2").click()
    page.get_by_role("link", name="See the people").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("/viewed, 1 step after /searched")
    expect(page.locator("main tbody tr")).to_have_count(2)


def test_its_numbers_are_a_table_with_people_behind_and_are_taken_along(
    dashboard: Dashboard, tmp_path: Path
) -> None:
    page = dashboard.go(f"{ASKED}&compare=1")
    expect(page.locator(".answer-sum")).to_contain_text("before: 1, +200%")
    for button, name in (("CSV", "numbers.csv"), ("PNG", "chart.png")):
        with page.expect_download() as begun:
            page.get_by_role("button", name=button).click()
        begun.value.save_as(tmp_path / name)
    with (tmp_path / "numbers.csv").open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file)) == [
            ["step", "from", "to", "paths", "share", "paths (before)"],
            ["1", "searched", "viewed", "2", "0.6667", "1"],
            ["1", "searched", "(end)", "1", "0.3333", ""],
            ["2", "viewed", "bought", "1", "0.5", "0"],
            ["2", "viewed", "(end)", "1", "0.5", ""],
            ["3", "bought", "(end)", "1", "1", ""],
        ]
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")

    page.get_by_text("Numbers").click()
    table = page.get_by_role("region", name="Paths").last.locator("tbody tr")
    expect(table.first).to_have_text("1searchedviewed266.7%1+100%")
    table.nth(2).get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("viewed → bought")
    expect(page.locator("main tbody tr")).to_have_count(1)


def test_what_clients_named_is_text(dashboard: Dashboard) -> None:
    page = dashboard.go("flows")
    choose(page, "Event", "\"'", HOSTILE)
    expect(nodes(page)).to_have_count(2)
    nodes(page).nth(1).click()

    expect(page.locator(".node-card")).to_contain_text(f"{HOSTILE}2")
    page.get_by_role("link", name="See the people").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(HOSTILE)
    assert page.title() != "run"
    assert page.locator("main img, main script").count() == 0


def test_an_address_may_say_anything_and_what_is_missing_is_said(dashboard: Dashboard) -> None:
    page = dashboard.go("flows?direction=odd&depth=99&limit=x&filters=7")
    expect(page.locator("#answer")).to_contain_text("Choose an event")
    page = dashboard.go("flows?event_name=never_sent")
    expect(page.locator("#answer")).to_contain_text("Nothing of that happened")
    page = dashboard.go("flows", "test")
    expect(page.get_by_role("heading", name="Nothing to ask about yet")).to_be_visible()


def test_it_is_readable_in_light_and_dark_and_on_a_phone(dashboard: Dashboard) -> None:
    found = []
    page = dashboard.go(f"{ASKED}&compare=1")
    page.get_by_text("Numbers").click()
    nodes(page).nth(1).click()
    found += dashboard.violations()
    assert found == []

    dashboard.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    assert sideways(dashboard.go(f"{ASKED}&direction=before")) == 0
    page = dashboard.go(ASKED)
    expect(page.locator(".chart.flow")).to_be_hidden()
    step = page.get_by_role("list", name="Steps").get_by_role("listitem").nth(1)
    expect(step.get_by_role("heading")).to_have_text("1 step after searched")
    step.locator("summary").click()
    expect(step.get_by_role("link", name="See the people")).to_be_visible()
    assert dashboard.violations() == []
    assert sideways(page) == 0
