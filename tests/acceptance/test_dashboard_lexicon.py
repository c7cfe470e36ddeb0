"""The lexicon in a real browser."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.support.browser import HOSTILE, PHONE, Dashboard, choose, suggestions
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
    toggle = order.get_by_role("button", name="order_placed", exact=True)
    toggle.press("Enter")

    expect(toggle).to_have_attribute("aria-expanded", "true")
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
    expect(plan.get_by_role("cell")).to_have_text(["string", "pro", "Describe"])
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
    hostile.get_by_role("button", name=HOSTILE).click()
    expect(hostile.locator("code.sample")).to_contain_text([HOSTILE])
    page = dashboard.go("lexicon?of=traits")
    expect(page.locator(".described tbody")).to_contain_text("onerror")

    assert page.title() != "run"
    assert page.locator("main img, main script").count() == 0


def test_an_event_is_verified_tagged_and_called_otherwise(dashboard: Dashboard) -> None:
    page = dashboard.go("lexicon?search=step_01")
    entry(page, "step_01").get_by_role("button", name="step_01").click()
    page.get_by_role("button", name="Describe step_01").click()
    form = page.get_by_role("dialog", name="The event step_01")
    form.get_by_label("Display name").fill("First step")
    form.get_by_label("Description").fill("What comes first.")
    form.get_by_label("Tags").fill("steps, demo")
    form.get_by_label("Verified").check()
    form.get_by_role("button", name="Save").click()

    first = entry(page, "First step")
    expect(first.locator(".said")).to_contain_text("step_01")
    expect(first.locator(".said")).to_contain_text("verified")
    first.get_by_role("button", name="First step").click()
    expect(first).to_contain_text("What comes first.")
    expect(first).to_contain_text("Verified by")
    first.get_by_role("button", name="Only with the tag demo").click()
    expect(page.locator(".lexicon .toggle")).to_have_text(["First step"])
    assert page.url.endswith("?search=step_01&tag=demo")
    page.get_by_role("button", name="Remove the tag demo").click()
    dashboard.settle()

    page = dashboard.go("insights")
    choose(page, "Event A", "first", "First step")
    expect(page.get_by_role("combobox", name="Event A", exact=True)).to_have_value("First step")
    expect(page.locator("#answer")).to_contain_text("First step")
    assert "step_01" in page.url
    dashboard.settle()

    page = dashboard.go("events?event_name=step_01")
    expect(page.locator(".event-name").first).to_have_text("First step")
    page.locator("#events summary").first.click()
    page.locator("#events").get_by_role("link").first.click()
    expect(page.locator("#timeline .event-name", has_text="First step")).not_to_have_count(0)


def test_hidden_events_are_neither_listed_nor_suggested(dashboard: Dashboard) -> None:
    page = dashboard.go("lexicon?search=step_02")
    entry(page, "step_02").get_by_role("button", name="step_02").click()
    page.get_by_role("button", name="Describe step_02").click()
    page.get_by_role("dialog").get_by_label("Hidden: not suggested").check()
    page.get_by_role("dialog").get_by_role("button", name="Save").click()

    expect(page.locator("#entries")).to_contain_text("No event of this range has that")
    page.get_by_label("Hidden, too").check()
    expect(entry(page, "step_02").locator(".said")).to_have_text("hidden")
    page = dashboard.go("insights")
    page.get_by_role("combobox", name="Event A", exact=True).click()
    page.keyboard.type("step_0")
    expect(suggestions(page)).to_contain_text(["step_00", "step_03"])
    expect(suggestions(page).filter(has_text="step_02")).to_have_count(0)
    page.keyboard.press("Escape")
    dashboard.settle()


def test_what_is_unused_is_listed_the_longest_unused_first(dashboard: Dashboard) -> None:
    page = dashboard.go("lexicon")
    page.get_by_label("Unused", exact=True).select_option("30")
    expect(page.locator(".lexicon .toggle")).to_have_text(["long_gone"])
    page.get_by_label("Sorted", exact=True).select_option("last_seen")
    expect(page.locator(".lexicon .toggle")).to_have_text(["long_gone"])
    page.get_by_role("link", name="Properties").click()
    expect(page.get_by_role("row", name="amount")).to_contain_text("12.5")
    page.get_by_label("Unused", exact=True).select_option("30")

    expect(page.locator(".described tbody th")).to_have_text(["long_ago"])
    dashboard.settle()


def test_events_are_merged_and_asked_about_under_one_name(dashboard: Dashboard) -> None:
    page = dashboard.go("lexicon")
    page.get_by_role("button", name="Merge events").click()
    form = page.get_by_role("dialog", name="Merge events")
    form.get_by_label("Name", exact=False).first.fill("Any step")
    choose(page, "Event 1", "step_03", "step_03")
    choose(page, "Event 2", "step_04", "step_04")
    form.get_by_role("button", name="Merge", exact=True).click()

    merged = page.get_by_role("region", name="Merged events")
    expect(merged).to_contain_text("Any step")
    expect(merged.locator("code.sample")).to_have_text(["step_03", "step_04"])
    merged.get_by_role("link", name="Any step in Insights").click()
    expect(page.locator("#answer")).to_contain_text("2")
    expect(page.get_by_role("combobox", name="Event A", exact=True)).to_have_value("Any step")
    dashboard.settle()
    page = dashboard.go("lexicon")
    page.get_by_role("button", name="Delete Any step").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(merged).to_have_count(0)
    dashboard.settle()


def test_a_property_is_made_from_an_expression(dashboard: Dashboard) -> None:
    page = dashboard.go("lexicon?of=properties")
    page.get_by_role("button", name="New from an expression").click()
    form = page.get_by_role("dialog", name="A property from an expression")
    form.get_by_label("Name", exact=False).first.fill("price")
    form.get_by_label("Expression").fill("amount / ")
    form.get_by_role("button", name="Make it").click()
    expect(form.get_by_role("alert")).to_contain_text("character 9")
    form.get_by_label("Expression").fill("amount / 5")
    form.get_by_role("button", name="Make it").click()

    made = page.get_by_role("region", name="Properties from expressions")
    expect(made).to_contain_text("amount / 5")
    page = dashboard.go("insights?events=!((event_name:order_placed,math:sum,property:price))")
    expect(page.locator("#answer")).to_contain_text("7.5")
    refused = [one for one in dashboard.complaints if "400" in one]
    assert len(refused) == 1
    dashboard.complaints.remove(refused[0])


def test_it_has_no_serious_violation(dashboard: Dashboard) -> None:
    page = dashboard.go("lexicon")
    entry(page, "order_placed").get_by_role("button", name="order_placed", exact=True).click()
    found = dashboard.violations()
    for path in ("lexicon?of=properties", "lexicon?of=traits"):
        dashboard.go(path)
        found += dashboard.violations()
    page.get_by_role("button", name="Describe plan").click()
    found += dashboard.violations()

    assert found == []


def test_on_a_phone_nothing_is_wider_than_the_screen(dashboard: Dashboard) -> None:
    dashboard.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    for path in ("lexicon", "lexicon?of=properties", "lexicon?of=traits"):
        page = dashboard.go(path)
        if page.locator(".toggle").count():
            page.locator(".toggle").first.click()
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
