"""The Web page and the list of sessions in a real browser."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from tests.support.browser import HOSTILE, PHONE, Dashboard, choose, sideways
from tests.support.server import Server

YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)
BEFORE = YESTERDAY - timedelta(days=30)
LONG_BEFORE = BEFORE - timedelta(days=60)


def view(who: str, time: str, path: str, session: str = "", **properties: Any) -> dict[str, Any]:
    named = {"$session_id": session} if session else {}
    payload = {
        "event_name": "$pageview",
        "distinct_id": who,
        "timestamp": time if "T" in time else f"{YESTERDAY}T{time}Z",
        "properties": {"$pathname": path, "$host": "shop.example", **named, **properties},
    }
    return {"type": "track", "payload": payload}


HISTORY = [
    view("ann", "09:00:00", "/", "s1", **{"$referrer": "https://www.google.com/"}),
    view("ann", "09:02:00", "/pricing", "s1"),
    view("bob", "10:00:00", "/", **{"$device_type": "Mobile"}),
    view("cid", "11:00:00", "/docs", utm_source="june", utm_medium="email", utm_campaign="june"),
    view("ann", "12:00:00", "/docs", "s2"),
    view("mallory", "13:00:00", HOSTILE, utm_campaign=HOSTILE),
    view("ann", f"{BEFORE}T09:00:00Z", "/"),
    view("bob", f"{BEFORE}T09:00:00Z", "/"),
    view("old", f"{LONG_BEFORE}T09:00:00Z", "/"),
]


@pytest.fixture(scope="module")
def server(everybodys: Server) -> Server:
    running = everybodys.in_new_project("Web")
    assert running.send("/api/v1/batch", {"operations": HISTORY}).status_code == 200
    running.wait_until(lambda: len(running.events()) == len(HISTORY))
    return running


def figure(page: Page, name: str) -> Locator:
    return page.locator(".figures > div").filter(has=page.get_by_text(name, exact=True))


def rows(page: Page, title: str) -> list[str]:
    panel = page.locator(f'[data-panel="{title}"] tbody tr')
    return [" ".join(one.split()) for one in panel.all_inner_texts()]


def test_figures_and_panels_tell_of_the_visits_and_of_the_period_before(
    dashboard: Dashboard,
) -> None:
    page = dashboard.go("web")

    expect(figure(page, "Visitors")).to_contain_text("4+100%")
    expect(figure(page, "Sessions")).to_contain_text("5+150%")
    expect(figure(page, "Views")).to_contain_text("6+200%")
    expect(figure(page, "Bounce rate")).to_contain_text("80%-20%")
    expect(figure(page, "Live now")).to_contain_text("0")
    expect(page.locator("#chart svg")).to_be_visible()
    assert rows(page, "Pages")[:3] == ["/ 2 2 50%", "/docs 2 2 100%", f"{HOSTILE} 1 1 100%"]
    assert "Organic Search 1 1 0%" in rows(page, "Sources")
    page.locator('[data-panel="Pages"]').get_by_role("button", name="Exits").click()
    assert "/pricing 1 1 0%" in rows(page, "Pages")
    assert page.url.endswith("web?pages=exit_page")
    page = dashboard.go("web?range=90d")
    expect(page.get_by_text("the first event came later than that began")).to_be_visible()


def test_a_row_filters_everything_and_the_address_keeps_it(dashboard: Dashboard) -> None:
    page = dashboard.go("web")

    page.locator('[data-panel="Sources"]').get_by_role("link", name="Organic Search").click()
    expect(figure(page, "Visitors")).to_contain_text("1")
    dashboard.settle()
    assert rows(page, "Pages") == ["/ 1 1 0%", "/pricing 1 1 0%"]
    page.locator('[data-panel="Pages"]').get_by_role("link", name="/pricing").click()
    expect(figure(page, "Views")).to_contain_text("1")
    page.reload()
    dashboard.settle()

    chips = page.locator(".chips .token .cut")
    expect(chips).to_have_text(["Channel: Organic Search", "Page: /pricing"])
    assert rows(page, "Pages") == ["/pricing 1 1 0%"]
    page.locator(".chips .token").first.click()
    expect(page.locator(".chips .token")).to_have_count(1)
    page.go_back()
    expect(page.locator(".chips .token")).to_have_count(2)
    page.get_by_role("button", name="Take all away").click()
    expect(figure(page, "Visitors")).to_contain_text("4")
    dashboard.settle()


def test_filters_of_any_kind_are_edited_beside_those_of_rows(dashboard: Dashboard) -> None:
    page = dashboard.go("web")
    page.locator('[data-panel="Pages"]').get_by_role("link", name="/docs").click()
    expect(figure(page, "Visitors")).to_contain_text("2")
    dashboard.settle()
    page.locator("#narrow > summary").click()
    page.get_by_role("button", name="Add a filter").click()
    choose(page, "Property", "utm_m", "utm_medium")
    page.keyboard.type("email")
    page.keyboard.press("Enter")
    expect(figure(page, "Visitors")).to_contain_text("1")
    chips = page.locator(".chips .token .cut")
    expect(chips).to_have_text(["Page: /docs", "utm_medium is email"])
    page.reload()
    dashboard.settle()
    assert rows(page, "Pages") == ["/docs 1 1 100%"]
    page.locator("#narrow > summary").click()
    page.get_by_role("button", name="Remove the filter on utm_medium").click()
    expect(figure(page, "Visitors")).to_contain_text("2")
    expect(chips).to_have_text(["Page: /docs"])


def test_countries_are_on_a_map_that_filters_as_their_rows_do(dashboard: Dashboard) -> None:
    def places(route: Route) -> None:
        """Tests have no city database."""
        response = route.fetch()
        answer = response.json()
        numbers = {"sessions": 9, "views": 9, "bounce_rate": 0.5, "median_seconds": 1.0}
        told = [("DE", 9), ("FR", 4), (None, 3)]
        listed = [{"value": value, "visitors": count, **numbers} for value, count in told]
        if "breakdowns" in answer:
            answer["breakdowns"]["country"] = listed
        if '"breakdown":"country"' in (route.request.post_data or ""):
            answer["rows"] = listed
        route.fulfill(response=response, json=answer)

    dashboard.page.route("**/api/v1/web**", places)
    page = dashboard.go("web")
    countries = page.locator('[data-panel="Countries"]')
    countries.get_by_role("button", name="Map").click()
    expect(countries.locator("a .country")).to_have_count(2)
    expect(countries).to_contain_text("Without a country on the map: 3.")
    assert page.url.endswith("countries=map")
    page.reload()
    expect(countries.locator("a [data-code=DE]")).to_have_class("country shade-5")
    countries.locator("a [data-code=FR]").first.dispatch_event("click")
    expect(page.locator(".chips .token .cut")).to_have_text(["Country: France"])
    expect(countries.locator("svg")).to_be_visible()
    dashboard.settle()
    page.unroute("**/api/v1/web**")


def test_what_web_shows_is_saved_and_stands_on_boards(dashboard: Dashboard, server: Server) -> None:
    page = dashboard.go("web?pages=exit_page")
    page.locator('[data-panel="Sources"]').get_by_role("link", name="Organic Search").click()
    dialog = page.get_by_role("dialog")
    page.get_by_label("What boards show").select_option("Pages")
    page.get_by_role("button", name="Save", exact=True).click()
    dialog.get_by_label("Name").fill("Where searchers leave")
    dialog.get_by_label("Pin to a new board").fill("Searchers")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Where searchers leave")
    page.get_by_label("What boards show").select_option("Figures and chart")
    expect(page.locator("#save .tag")).to_have_text("Changed")

    page = dashboard.go("boards")
    page.get_by_role("link", name="Searchers", exact=True).first.click()
    tile = page.get_by_role("article", name="Where searchers leave")
    dashboard.settle()
    expect(tile.locator("tbody tr")).to_have_text(["/pricing110%"])
    tile.get_by_role("link", name="Where searchers leave").click()
    dashboard.settle()
    expect(page.locator(".chips .token .cut")).to_have_text(["Channel: Organic Search"])
    expect(page.locator("#save .tag")).to_have_count(0)
    (saved,) = server.get("/api/v1/questions").json()["questions"]
    assert (saved["surface"], saved["range"]) == ("web", "30d")
    assert saved["query"]["breakdown"] == "exit_page"

    query = {"breakdown": "channel", "interval": "day"}
    body = {"name": "By a program", "surface": "web", "query": query, "range": "7d"}
    made = server.ask("/api/v1/questions", body).json()["question"]
    page = dashboard.go(f"web?saved={made['id']}")
    expect(page.get_by_label("What boards show")).to_have_value("sources")
    expect(page.get_by_label("Range")).to_have_value("7d")
    expect(page.locator("#save .tag")).to_have_count(0)


def test_numbers_lead_to_the_people_and_to_the_sessions(dashboard: Dashboard) -> None:
    page = dashboard.go("web")
    page.locator('[data-panel="Devices"]').get_by_role("row", name="Mobile").get_by_role(
        "link", name="1"
    ).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Visitors, Device: Mobile")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody")).to_contain_text("bob")
    page.get_by_role("button", name="Save as cohort").click()
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Open the cohort")).to_be_visible()

    page = dashboard.go("web")
    figure(page, "Sessions").get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sessions")
    expect(page.locator("details.visit")).to_have_count(5)


def test_a_session_opens_to_its_events(dashboard: Dashboard) -> None:
    page = dashboard.go("sessions")
    first = page.locator("details.visit").filter(has_text="/ → /pricing")
    expect(first).to_contain_text("2 views · 2m 00s")

    first.locator("summary").first.click()
    dashboard.settle()

    expect(first.locator("details.event")).to_have_count(2)
    expect(first).to_contain_text("google.com")
    first.get_by_role("button", name="Only what began on /").click()
    expect(page.locator("details.visit")).to_have_count(2)
    page.get_by_label("Person").fill("bob")
    page.get_by_role("button", name="Filter", exact=True).click()
    expect(page.locator("details.visit")).to_have_count(1)
    dashboard.settle()


def test_without_visits_both_say_what_to_send(dashboard: Dashboard, server: Server) -> None:
    expect(dashboard.go("web", "test").locator(".empty")).to_contain_text(server.test_key)
    expect(dashboard.go("sessions", "test").locator(".empty")).to_contain_text(server.test_key)


def test_what_clients_send_is_never_run(dashboard: Dashboard) -> None:
    page = dashboard.go("web")
    page.locator('[data-panel="Campaigns"]').get_by_role("link", name=HOSTILE).click()
    expect(page.locator(".chips .token")).to_contain_text(HOSTILE)
    dashboard.settle()
    page = dashboard.go("sessions")
    expect(page.locator("#sessions")).to_contain_text(HOSTILE)

    assert page.title() != "run"
    assert page.locator("main script, main img").count() == 0


def test_they_have_no_serious_violation_and_fit_on_a_phone(dashboard: Dashboard) -> None:
    for path in ("web", "sessions"):
        page = dashboard.go(path)
        assert dashboard.violations() == [], path
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        assert sideways(page) <= 0, path
