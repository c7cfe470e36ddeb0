"""The dashboard in a real browser, as its users go through it."""

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Route, expect
from tests.support.browser import HOSTILE, PHONE, Dashboard, choose, sideways
from tests.support.server import Server

PAGES = (
    "events",
    "people",
    "person?id=anon_ada",
    "rejections",
    "settings/snippets",
    "settings/project",
    "settings/keys",
    "settings/tokens",
    "settings/users",
    "settings/storage",
    "settings/account",
)


def operation(kind: str, **payload: Any) -> dict[str, Any]:
    return {"type": kind, "payload": payload}


def visits(minute: int, distinct_id: str, session: str, *names: str) -> list[dict[str, Any]]:
    return [
        operation(
            "track",
            event_name=name,
            distinct_id=distinct_id,
            timestamp=f"2026-05-09T12:{minute:02}:{second:02}Z",
            properties={"$session_id": session, "cart": {"items": [{"sku": "A-1"}]}},
        )
        for second, name in enumerate(names)
    ]


HISTORY = [
    *visits(0, "anon_ada", "sess_1", "page_viewed", "product_viewed"),
    *visits(1, "phone_ada", "", "app_opened"),
    *visits(2, "ada", "sess_2", "signed_up"),
    operation("alias", alias_id="anon_ada", distinct_id="ada"),
    operation("alias", alias_id="phone_ada", distinct_id="ada"),
    operation("people", distinct_id="ada", properties={"name": "Ada Lovelace", "plan": "pro"}),
    *visits(3, "goner", "", "last_words"),
    *visits(4, HOSTILE, HOSTILE, HOSTILE),
    operation("people", distinct_id=HOSTILE, properties={"name": HOSTILE, HOSTILE: {"a": HOSTILE}}),
    operation("alias", alias_id=HOSTILE + "2", distinct_id=HOSTILE),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    environment = {"RATE_LIMIT": "0", "STITCH_INTERVAL": "3600"}
    with Server(tmp_path_factory.mktemp("browsed") / "data", environment=environment) as running:
        assert running.send("/api/v1/batch", {"operations": HISTORY}).status_code == 200
        running.wait_until(lambda: len(running.events(distinct_id="anon_ada")) == 4)
        yield running


def test_a_key_is_made_sent_with_and_seen_live(dashboard: Dashboard, server: Server) -> None:
    page = dashboard.go("settings/keys")
    page.get_by_role("button", name="Create a key").click()
    expect(page.get_by_role("status").first).to_contain_text("The key is made")
    page.locator("tr", has_text="sk_live").last.get_by_role("button", name="Copy").click()
    key = page.evaluate("navigator.clipboard.readText()")
    assert key.startswith("sk_live_")
    assert key != server.live_key

    page = dashboard.go("events")
    expect(page.get_by_text("Live", exact=True).last).to_be_visible()
    body = {"event_name": "freshly_sent", "distinct_id": "bob", "properties": {"n": {"m": [42]}}}
    server.wait_until(lambda: server.send("/api/v1/track", body, key).status_code == 200)

    event = page.locator("details.event", has_text="freshly_sent").first
    event.locator("summary").first.click()
    expect(event).to_contain_text("42")
    event.get_by_role("link", name="Open bob").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("bob")


def test_live_can_be_paused_and_filtered(dashboard: Dashboard, server: Server) -> None:
    page = dashboard.go("events")
    page.get_by_label("Event", exact=True).fill("ticked")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_text("No such event has landed")).to_be_visible()
    assert page.url.endswith("?event_name=ticked")
    page.get_by_role("button", name="Pause").click()

    server.send("/api/v1/track", {"event_name": "ticked", "distinct_id": "bob"})
    server.send("/api/v1/track", {"event_name": "unwanted", "distinct_id": "bob"})

    page.get_by_role("button", name="Show 1 new event").click()
    expect(page.locator("details.event")).to_have_count(1)
    expect(page.locator("details.event")).to_contain_text("ticked")


def test_an_answer_to_the_filters_before_is_not_shown(dashboard: Dashboard, server: Server) -> None:
    late: list[Route] = []
    page = dashboard.page
    page.route("**/api/v1/events?**", lambda route: late.append(route), times=1)
    page.goto(f"/p/{server.project_id}/live/events")
    page.get_by_label("Event", exact=True).fill("overtook")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_text("No such event has landed")).to_be_visible()
    (first,) = late
    first.continue_()

    server.send("/api/v1/track", {"event_name": "overtook", "distinct_id": "bob"})

    expect(page.locator("details.event", has_text="overtook")).to_be_visible()
    expect(page.locator("details.event")).to_have_count(1)


def test_by_keyboard_one_gets_to_any_page_event_and_person(
    dashboard: Dashboard, server: Server
) -> None:
    server.send("/api/v1/track", {"event_name": "reached_by_keys", "distinct_id": "bob"})
    server.wait_until(lambda: bool(server.events(event_name="reached_by_keys")))
    page = dashboard.go("insights")
    for text, address in (
        ("reten", "/retention"),
        ("hed_by_k", "/events?event_name=reached_by_keys"),
        ("lovelace", "/people?search=lovelace"),
        ("dau", "/insights"),
        ("conversion", "/funnels"),
        ("static cohort", "/cohorts"),
    ):
        page.keyboard.press("Control+k")
        page.get_by_role("combobox", name="Go to").fill(text)
        expect(page.locator("dialog [aria-selected=true]")).to_be_visible()
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{address}")
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("Go to a page")


def test_a_wrong_key_is_found_on_the_live_page(dashboard: Dashboard, server: Server) -> None:
    server.send("/api/v1/track", {"event_name": "x", "distinct_id": "bob"}, "sk_live_misspelt_key")

    panel = dashboard.go("events").locator(".trouble")

    expect(panel).to_contain_text("invalid_key")
    expect(panel).to_contain_text("_key")
    expect(panel).to_contain_text("No project has this key")


def test_an_empty_project_says_what_to_send_and_that_works(
    dashboard: Dashboard, server: Server
) -> None:
    page = dashboard.go("events", "test")
    page.get_by_role("button", name="Copy").click()
    line = page.evaluate("navigator.clipboard.readText()")
    assert server.test_key in line

    subprocess.run(["sh", "-c", line.replace("curl", "curl -s", 1)], check=True, timeout=10)

    expect(page.locator("details.event")).to_contain_text("signed_up")


def test_a_person_is_found_opened_and_a_stitch_undone(dashboard: Dashboard, server: Server) -> None:
    page = dashboard.go("people")
    page.get_by_role("searchbox").fill("lovelace")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Ada Lovelace").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Ada Lovelace")
    ids, timeline = page.locator("#ids"), page.locator("#timeline")
    expect(ids).to_contain_text("anon_ada")
    expect(timeline.locator(".session")).to_have_count(3)
    page.get_by_role("button", name="Undo phone_ada").click()
    page.get_by_role("button", name="Cancel").click()
    expect(ids).to_contain_text("phone_ada")
    page.get_by_role("button", name="Undo phone_ada").click()
    page.get_by_role("button", name="Undo the stitch").click()

    expect(ids).not_to_contain_text("phone_ada")
    expect(timeline).not_to_contain_text("app_opened")
    alone = server.get("/api/v1/people/phone_ada").json()["person"]
    assert alone["distinct_id"] == "phone_ada"


def test_a_timeline_is_filtered_and_has_properties_in_its_lines(dashboard: Dashboard) -> None:
    page = dashboard.go("person?id=anon_ada")
    events = page.locator("#timeline details.event")
    page.get_by_text("Filter, and properties in each line").click()
    choose(page, "Events: add", "page_viewed", "page_viewed")
    expect(events).to_have_count(1)
    choose(page, "Properties in each line: add", "$session_id", "$session_id")
    expect(events.locator(".shown")).to_have_text("$session_id sess_1")
    dashboard.settle()
    assert dashboard.violations() == []

    page.reload()
    expect(events).to_have_count(1)
    expect(events.locator(".shown")).to_have_text("$session_id sess_1")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    assert sideways(page) <= 0
    page.get_by_role("button", name="Remove page_viewed").click()
    expect(events).not_to_have_count(1)


def test_two_people_are_merged_after_a_look_and_it_is_said_why(
    dashboard: Dashboard, server: Server
) -> None:
    twins = [
        operation("track", event_name="app_opened", distinct_id="twin_a"),
        operation("people", distinct_id="twin_a", properties={"plan": HOSTILE}),
        *(operation("track", event_name="app_opened", distinct_id="twin_b") for _ in range(2)),
        operation("people", distinct_id="twin_b", properties={"plan": "pro"}),
        operation("alias", alias_id="twin_b_phone", distinct_id="twin_b"),
    ]
    server.send("/api/v1/batch", {"operations": twins})
    server.wait_until(lambda: server.get("/api/v1/people/twin_b_phone").status_code == 200)
    page = dashboard.go("person?id=twin_b")
    expect(page.locator("#ids")).to_contain_text("by POST /api/v1/batch, python-httpx/")

    page.get_by_role("button", name="Merge with another person").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Merge", exact=True)).to_be_disabled()
    choose(page, "The other person", "twin_a", "twin_a")
    expect(dialog).to_contain_text("1 event and 1 id become theirs, who have 2 events:")
    dialog.get_by_role("radio", name="twin_a").check()
    expect(dialog).to_contain_text("2 events and 2 ids become theirs, who have 1 event:")
    expect(dialog.get_by_role("row", name="plan")).to_contain_text(HOSTILE)
    dialog.get_by_role("button", name="Merge", exact=True).click()

    page.wait_for_url("**/person?id=twin_a")
    expect(page.locator("#ids")).to_contain_text("by a merge, admin@")
    expect(page.locator("#timeline details.event")).to_have_count(3)
    dashboard.settle()
    page.get_by_role("button", name="Merge with another person").click()
    page.get_by_role("combobox", name="The other person").fill("nobody at all")
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("Nobody has this id.")
    dialog.get_by_role("button", name="Cancel").click()


def test_a_person_is_erased_once_the_id_is_typed(dashboard: Dashboard, server: Server) -> None:
    page = dashboard.go("person?id=goner")
    page.get_by_role("button", name="Erase this person").click()
    sure = page.get_by_role("button", name="Erase for good")
    expect(sure).to_be_disabled()
    page.get_by_role("dialog").get_by_role("textbox").fill("goner")
    sure.click()

    page.wait_for_url("**/people", timeout=30_000)
    assert server.get("/api/v1/people/goner").status_code == 404
    dashboard.settle()


def test_what_clients_send_is_never_run(dashboard: Dashboard) -> None:
    page = dashboard.go("events")
    for event in page.locator("details.event", has_text="onerror").all():
        event.locator("summary").first.click()
    assert page.locator("details.event", has_text="onerror").count()
    page = dashboard.go("people")
    page.get_by_role("link", name=HOSTILE).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    dashboard.settle()
    page.locator("#timeline details.event summary").first.click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("dialog")).to_contain_text("onerror")
    page.get_by_role("button", name="Cancel").click()

    assert page.title() != "run"
    assert page.locator("img, main script").count() == 0


def test_a_theme_is_remembered(dashboard: Dashboard) -> None:
    page = dashboard.go("people")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)

    page.get_by_role("button", name="Switch between light and dark").click()
    dark = page.evaluate(ground)
    page.reload()

    assert dark != light
    assert page.evaluate(ground) == dark
    page.get_by_role("button", name="Switch between light and dark").click()
    assert page.evaluate(ground) == light


def test_on_a_phone_the_navigation_opens_and_nothing_is_wider_than_the_screen(
    dashboard: Dashboard,
) -> None:
    dashboard.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    for path in PAGES:
        page = dashboard.go(path)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, path
    expect(page.locator("#nav")).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    page.locator("#nav").get_by_role("link", name="People").click()
    page.wait_for_url("**/people")
    dashboard.settle()


def test_no_page_has_a_serious_violation(dashboard: Dashboard) -> None:
    found = {path: dashboard.go(path) and dashboard.violations() for path in PAGES}

    assert {path: what for path, what in found.items() if what} == {}


def test_the_keyboard_reaches_the_content_first(dashboard: Dashboard) -> None:
    page = dashboard.go("people")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_who_signs_out_is_out(browser: Browser, server: Server) -> None:
    dashboard = Dashboard(browser, server)
    dashboard.sign_in()
    assert dashboard.violations() == []
    page = dashboard.page

    page.locator("summary", has=page.locator("svg")).last.click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    page.goto(f"/p/{server.project_id}/live/people")

    assert "/sign-in?next=" in page.url
    assert dashboard.violations() == []
    assert dashboard.complaints == []
    dashboard.context.close()
