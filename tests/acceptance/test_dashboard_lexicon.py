"""The lexicon in a real browser."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.support.browser import HOSTILE, PHONE, Dashboard
from tests.support.server import Server

TODAY = datetime.now(UTC).date()
MANY = 60


def event(name: str, days_ago: int = 1, **properties: Any) -> dict[str, Any]:
    payload = {
        "event_name": name,
        "distinct_id": "ann",
        "timestamp": f"{TODAY - timedelta(days=days_ago)}T12:00:00Z",
        "properties": properties,
    }
    return {"type": "track", "payload": payload}


HISTORY = [
    *(event("order_placed", days, amount=12.5, cart={"coupon": "SPRING"}) for days in (1, 1, 3)),
    event("order_placed", 45, long_ago=True),
    event("long_gone", 45),
    *(event(f"step_{number:02}") for number in range(MANY)),
    event(HOSTILE, 1, **{HOSTILE: HOSTILE}),
    {
        "type": "people",
        "payload": {"distinct_id": "ann", "properties": {"plan": "pro", HOSTILE: HOSTILE}},
    },
]


@pytest.fixture(scope="module")
def server(everybodys: Server) -> Server:
    running = everybodys.in_new_project("Lexicon")
    assert running.send("/api/v1/batch", {"operations": HISTORY}).status_code == 200
    running.wait_until(lambda: len(running.events()) == len(HISTORY) - 1)
    return running


def entry(page: Page, name: str) -> Locator:
    """The rows of one event."""
    return page.locator(".lexicon tbody", has=page.get_by_role("button", name=name, exact=True))


def test_an_event_is_described_with_its_volume_and_its_properties(dashboard: Dashboard) -> None:
    page = dashboard.go("lexicon")
    order = entry(page, "order_placed")
    day = (TODAY - timedelta(days=1)).strftime("%-d %b")

    expect(order.locator("td.num")).to_have_text("3")
    expect(order.get_by_role("img", name=f"By day: at most 2, {day}")).to_be_visible()
    expect(order.locator(".properties")).to_be_hidden()
    order.get_by_role("button").press("Enter")

    expect(order.get_by_role("button")).to_have_attribute("aria-expanded", "true")
    amount = order.locator(".described tr", has_text="amount")
    expect(amount.get_by_role("cell")).to_have_text(["number", "12.5"])
    coupon = order.locator(".described tr", has_text="cart.coupon")
    expect(coupon.get_by_role("cell")).to_have_text(["string", "SPRING"])
    expect(order).not_to_contain_text("long_ago")


def test_an_event_leads_to_live_and_to_insights(dashboard: Dashboard) -> None:
    page = dashboard.go("lexicon?search=order")

    page.get_by_role("link", name="order_placed live").click()
    expect(page.locator("details.event")).to_have_count(4)
    expect(page.get_by_label("Event", exact=True)).to_have_value("order_placed")
    page.go_back()
    page.get_by_role("link", name="order_placed in Insights").click()

    expect(page.locator("#answer")).to_contain_text("3")
    expect(page.get_by_role("combobox", name="Event A", exact=True)).to_have_value("order_placed")
    dashboard.settle()


def test_events_are_searched_in_a_range(dashboard: Dashboard) -> None:
    page = dashboard.go("lexicon")
    page.get_by_role("searchbox").fill("LONG")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#entries")).to_contain_text("No event of this range has that")

    page.get_by_label("Range").select_option("90d")

    expect(page.locator(".lexicon .toggle")).to_have_text(["long_gone"])
    assert page.url.endswith("?search=LONG&range=90d")
    page.go_back()
    expect(page.locator("#entries")).to_contain_text("No event of this range has that")
    dashboard.settle()


def test_more_events_are_shown_when_they_are_asked_for(dashboard: Dashboard) -> None:
    page = dashboard.go("lexicon")
    toggles = page.locator(".lexicon .toggle")
    expect(toggles).to_have_count(50)

    page.get_by_role("button", name="Show more").click()

    expect(toggles).to_have_count(MANY + 2)
    expect(page.get_by_role("button", name="Show more")).to_be_hidden()
    expect(entry(page, "step_59").get_by_role("img")).to_be_visible()
    names = toggles.all_inner_texts()
    assert names == sorted(names)


def test_the_list_stays_where_the_rest_is_not_answered(dashboard: Dashboard) -> None:
    page = dashboard.page
    page.route(
        "**/api/v1/insights*", lambda route: route.fulfill(status=408, json={"error": "No."})
    )
    page = dashboard.go("lexicon?search=order")
    expect(page.get_by_role("alert")).to_contain_text("No.")
    expect(entry(page, "order_placed").locator("td.num")).to_have_text("3")

    page.unroute("**/api/v1/insights*")
    page.get_by_role("button", name="Try again").click()

    expect(entry(page, "order_placed").get_by_role("img")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    refused = [one for one in dashboard.complaints if "408" in one]
    assert len(refused) == 1
    dashboard.complaints.remove(refused[0])


def test_traits_are_described_too(dashboard: Dashboard) -> None:
    page = dashboard.go("lexicon")
    page.get_by_role("link", name="Traits").click()

    plan = page.get_by_role("row", name="plan")
    expect(plan.get_by_role("cell")).to_have_text(["string", "pro"])
    page.get_by_role("searchbox").fill("nothing like that")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#entries")).to_contain_text("No trait has that in its name")


def test_an_empty_project_says_what_to_send(dashboard: Dashboard, server: Server) -> None:
    for path in ("lexicon", "lexicon?of=traits"):
        page = dashboard.go(path, "test")
        expect(page.locator(".empty")).to_contain_text(server.test_key)


def test_what_clients_send_is_never_run(dashboard: Dashboard) -> None:
    page = dashboard.go("lexicon")
    hostile = entry(page, HOSTILE)
    hostile.get_by_role("button").click()
    expect(hostile.locator("code.sample")).to_contain_text([HOSTILE])
    page = dashboard.go("lexicon?of=traits")
    expect(page.locator(".described tbody")).to_contain_text("onerror")

    assert page.title() != "run"
    assert page.locator("main img, main script").count() == 0


def test_it_has_no_serious_violation(dashboard: Dashboard) -> None:
    page = dashboard.go("lexicon")
    entry(page, "order_placed").get_by_role("button").click()
    found = dashboard.violations()
    dashboard.go("lexicon?of=traits")
    found += dashboard.violations()

    assert found == []


def test_on_a_phone_nothing_is_wider_than_the_screen(dashboard: Dashboard) -> None:
    dashboard.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    for path in ("lexicon", "lexicon?of=traits"):
        page = dashboard.go(path)
        if page.locator(".toggle").count():
            page.locator(".toggle").first.click()
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
