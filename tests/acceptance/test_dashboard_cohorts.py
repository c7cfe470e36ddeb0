"""Cohorts in a real browser: made, looked at, changed and deleted."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.support.browser import DESK, HOSTILE, PHONE, Dashboard, sideways
from tests.support.command import registry_of
from tests.support.server import Server

from whipstitch.web.auth.sessions import COOKIE

TODAY = datetime.now(UTC).date()


def event(name: str, who: str, days_ago: int = 1, **properties: Any) -> dict[str, Any]:
    payload = {
        "event_name": name,
        "distinct_id": who,
        "timestamp": f"{TODAY - timedelta(days=days_ago)}T12:00:00Z",
        "properties": properties,
    }
    return {"type": "track", "payload": payload}


def person(who: str, **traits: Any) -> dict[str, Any]:
    return {"type": "people", "payload": {"distinct_id": who, "properties": traits}}


HISTORY = [
    *(event("order_placed", "ann", currency="EUR") for _ in range(3)),
    *(event("order_placed", "bob", currency="USD") for _ in range(3)),
    event("order_placed", "cid", currency="EUR"),
    *(event("order_placed", "dan", 50) for _ in range(3)),
    event("order_returned", "bob"),
    event(HOSTILE, "mallory", 1, **{HOSTILE: HOSTILE}),
    person("ann", name="Ann Archer", plan="pro"),
    person("bob", name="Bob Baker", plan="free"),
    person("mallory", name=HOSTILE, **{HOSTILE: HOSTILE}),
]
PATH = "/api/v1/cohorts"


@pytest.fixture(scope="module")
def server(everybodys: Server) -> Server:
    running = everybodys.in_new_project("Cohorts")
    assert running.send("/api/v1/batch", {"operations": HISTORY}).status_code == 200
    running.wait_until(lambda: len(running.events()) == 12)
    running.wait_until(lambda: running.get("/api/v1/people/ann").json()["ok"])
    return running


def made(server: Server, name: str, **body: Any) -> str:
    """The id of a cohort, made by the API: by ids unless it has a definition."""
    kind = "dynamic" if "definition" in body else "static"
    answer = server.ask(PATH, {"name": name, "kind": kind, **body})
    assert answer.status_code == 201, answer.text
    found: str = answer.json()["cohort"]["id"]
    return found


def choose(place: Page, field: str, text: str) -> None:
    """Types ``text`` into a field that suggests, and takes the suggestion that is the same."""
    box = place.get_by_role("combobox", name=field, exact=True).last
    box.click()
    box.fill(text)
    same = place.locator("li[role=option]:visible", has=place.get_by_text(text, exact=True))
    same.first.click()


def everybody(server: Server) -> str:
    """How many people there are by now, as the page says it."""
    return f"{len(server.get('/api/v1/people').json()['people'])} people"


def facts(page: Page) -> Locator:
    return page.get_by_role("region", name="Facts")


def test_a_cohort_by_rule_is_made_and_its_members_are_seen(
    dashboard: Dashboard, server: Server
) -> None:
    page = dashboard.go("cohorts")
    page.get_by_role("link", name="New cohort").click()
    page.get_by_label("Name").fill("Loyal pros")
    page.get_by_role("button", name="Add something that they did").click()
    choose(page, "Event 1", "order_placed")
    page.get_by_label("at least, times").fill("2")
    page.get_by_label("within days").fill("30")
    page.get_by_role("button", name="Add a filter").first.click()
    choose(page, "Property", "currency")
    choose(page, "Value of currency: add", "EUR")
    page.get_by_role("button", name="Add something that they did").click()
    choose(page, "Event 2", "order_returned")
    page.get_by_label("Whether they did").last.select_option("no")
    page.get_by_role("button", name="Add a filter").last.click()
    choose(page, "Property", "plan")
    choose(page, "Value of plan: add", "pro")
    page.get_by_role("button", name="Make it").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Loyal pros")
    expect(facts(page)).to_contain_text("People1KindDynamic, by ruleStateready")
    expect(page.locator(".conditions li")).to_have_text(
        [
            "did order_placed at least 2 times where currency is EUR within the last 30 days",
            "did not do order_returned",
            "plan is pro",
        ]
    )
    expect(page.get_by_role("region", name="Members").locator("tbody")).to_contain_text(
        "Ann Archer"
    )
    made_ = next(one for one in server.get(PATH).json()["cohorts"] if one["name"] == "Loyal pros")
    assert made_["definition"] == {
        "all": [
            {
                "did": "order_placed",
                "at_least": 2,
                "within_days": 30,
                "filters": [
                    {"property": "currency", "on": "event", "operator": "is", "value": ["EUR"]}
                ],
            },
            {"did_not": "order_returned"},
            {"property": "plan", "on": "person", "operator": "is", "value": ["pro"]},
        ]
    }

    page.get_by_role("link", name="Show in People").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Loyal pros")
    dashboard.settle()


def test_ids_are_pasted_and_added_and_removed(dashboard: Dashboard) -> None:
    page = dashboard.go("cohort")
    page.get_by_label("Name").fill("Testers")
    page.get_by_label("Static, by ids").check()
    page.get_by_label("Ids of people").fill("ann\nbob\n\nann\nnobody yet")
    expect(page.get_by_role("status").first).to_have_text("3 ids")
    page.get_by_role("button", name="Make it").click()

    members = page.get_by_role("region", name="Members").locator("tbody tr")
    expect(members).to_have_count(3)
    expect(members.filter(has_text="nobody yet")).to_contain_text("nothing is known of this id")
    page.get_by_label("Ids to add").fill("cid, dan")
    page.get_by_role("button", name="Add").click()
    expect(members).to_have_count(5)
    page.get_by_role("button", name="Remove bob").click()
    expect(members).to_have_count(4)
    expect(facts(page)).to_contain_text("People4KindStatic, by ids")

    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Name").fill("Better testers")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Better testers")
    expect(members).to_have_count(4)
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Ids that replace all members").fill("bob")
    page.get_by_role("button", name="Save").click()
    expect(members).to_have_count(1)
    dashboard.settle()


def test_a_rule_is_changed_and_keeps_what_was_not_touched(
    dashboard: Dashboard, server: Server
) -> None:
    other = made(server, "Named", members=["ann", "dan"])
    definition = {
        "any": [
            {"did": None, "at_least": 3, "at_most": 9, "within_days": 20},
            {"property": "$os", "operator": "is_not_set"},
            {"cohort": other, "operator": "in"},
        ]
    }
    page = dashboard.go(f"cohort?id={made(server, 'Changed', definition=definition)}")
    expect(page.locator(".conditions li")).to_have_text(
        [
            "did any event at least 3 and at most 9 times within the last 20 days",
            "did something whose $os is not set",
            "is in Named",
        ]
    )

    page.get_by_role("link", name="Edit").click()
    expect(page.get_by_label("at most, times")).to_have_value("9")
    page.get_by_label("Which conditions").select_option("all")
    page.get_by_label("at most, times").fill("")
    page.get_by_role("button", name="Remove the filter on $os").click()
    page.get_by_role("button", name="Save").click()

    expect(page.locator(".conditions li")).to_have_text(
        ["did any event at least 3 times within the last 20 days", "is in Named"]
    )
    expect(facts(page)).to_contain_text("People1")
    expect(page.get_by_role("region", name="Members")).to_contain_text("Ann Archer")
    dashboard.settle()


def test_what_cannot_be_is_said_and_nothing_is_lost(dashboard: Dashboard) -> None:
    page = dashboard.go("cohort")
    page.get_by_label("Name").fill("Impossible")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("alert")).to_contain_text("Say who is in it")

    page.get_by_role("button", name="Add something that they did").click()
    choose(page, "Event 1", "order_placed")
    page.get_by_label("at least, times").fill("5")
    page.get_by_label("at most, times").fill("2")
    page.get_by_role("button", name="Make it").click()

    expect(page.get_by_role("alert")).to_contain_text(
        "condition 1, at most: must be a whole number"
    )
    expect(page.get_by_label("at least, times")).to_have_value("5")
    refused = [one for one in dashboard.complaints if "400" in one]
    assert len(refused) == 1
    dashboard.complaints.remove(refused[0])


def test_a_cohort_is_deleted_unless_another_one_uses_it(
    dashboard: Dashboard, server: Server
) -> None:
    used = made(server, "Used", members=["ann"])
    user = made(server, "User", definition={"all": [{"cohort": used, "operator": "not_in"}]})
    page = dashboard.go(f"cohort?id={used}")
    expect(page.locator("main")).to_contain_text("Used byUser")

    page.get_by_role("button", name="Delete").click()
    sure = page.get_by_role("dialog")
    sure.get_by_role("button", name="Delete").click()

    expect(sure).to_contain_text("Other cohorts refer to this one: User.")
    sure.get_by_role("button", name="Cancel").click()
    refused = [one for one in dashboard.complaints if "409" in one]
    assert len(refused) == 1
    dashboard.complaints.remove(refused[0])

    for one in (user, used):
        page = dashboard.go(f"cohort?id={one}")
        page.get_by_role("button", name="Delete").click()
        sure.get_by_role("button", name="Delete").click()
        page.wait_for_url("**/cohorts")
        dashboard.settle()
        expect(
            page.get_by_role("link", name="Used" if one == used else "User", exact=True)
        ).to_have_count(0)


def test_a_refresh_finds_who_came_since(dashboard: Dashboard, server: Server) -> None:
    definition = {"all": [{"did": "lately_seen"}]}
    page = dashboard.go(f"cohort?id={made(server, 'Late', definition=definition)}")
    expect(page.locator("main")).to_contain_text("Nobody is in this cohort.")
    server.send("/api/v1/track", {"event_name": "lately_seen", "distinct_id": "eve"})
    server.wait_until(lambda: len(server.events(event_name="lately_seen")) == 1)

    page.get_by_role("button", name="Refresh").click()

    expect(page.get_by_role("region", name="Members")).to_contain_text("eve")
    expect(facts(page)).to_contain_text("People1")


def test_a_failed_refresh_says_why(dashboard: Dashboard, server: Server) -> None:
    cohort = made(server, "Failing", definition={"all": [{"did": "order_placed"}]})
    with registry_of(server.data_dir) as registry:
        registry.note_refresh(cohort, datetime.now(UTC), "It took too long.")

    page = dashboard.go(f"cohort?id={cohort}")

    expect(page.get_by_role("alert")).to_have_text("The last refresh failed: It took too long.")
    expect(facts(page)).to_contain_text("failed")
    page = dashboard.go("cohorts")
    row = page.get_by_role("row", name="Failing")
    expect(row).to_contain_text("failed")


def test_cohorts_are_listed_and_found(dashboard: Dashboard, server: Server) -> None:
    for number in range(10):
        made(server, f"Numbered {number}", members=["ann", "bob"])
    page = dashboard.go("cohorts")
    row = page.get_by_role("row", name="Numbered 3")
    expect(row.get_by_role("link", name="2 people in Numbered 3")).to_be_visible()
    expect(row).to_contain_text("Static, by ids")

    page.get_by_role("searchbox").fill("BERED 3")

    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("searchbox").fill("nothing")
    expect(page.locator("#cohorts")).to_contain_text("No cohort is called so.")


def test_an_empty_project_says_what_a_cohort_is(dashboard: Dashboard) -> None:
    page = dashboard.go("cohorts", "test")
    expect(page.locator(".empty")).to_contain_text("No cohort yet")
    page.get_by_role("link", name="Make the first one").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("New cohort")
    page = dashboard.go("cohort?id=coh_gone", "test")
    expect(page.locator("main")).to_contain_text("There is no such cohort")
    gone = [one for one in dashboard.complaints if "404" in one]
    assert gone
    dashboard.complaints = [one for one in dashboard.complaints if one not in gone]


def test_a_viewer_looks_and_changes_nothing(dashboard: Dashboard, server: Server) -> None:
    cohort = made(server, "Looked at", members=["ann"])
    with registry_of(server.data_dir) as registry:
        user = registry.create_user("looker@example.com", "correct horse", "viewer")
        secret = registry.start_session(user.email)
    viewer = Dashboard(dashboard.context.browser, server)  # type: ignore[arg-type]
    viewer.context.add_cookies([{"name": COOKIE, "value": secret, "url": server.url}])
    page = viewer.go(f"cohort?id={cohort}")
    expect(page.get_by_role("region", name="Members")).to_contain_text("Ann Archer")
    for name in ("Edit", "Delete", "Refresh", "Add", "Remove ann"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
        expect(page.get_by_role("link", name=name)).to_have_count(0)
    for path in ("cohorts", "cohort", f"cohort?id={cohort}&edit=1"):
        page = viewer.go(path)
        expect(page.get_by_label("Name", exact=True)).to_have_count(0)
        expect(page.get_by_role("link", name="New cohort")).to_have_count(0)
    assert viewer.complaints == []
    viewer.context.close()


def test_what_clients_send_is_never_run(dashboard: Dashboard, server: Server) -> None:
    hostile = made(server, HOSTILE, members=["mallory", HOSTILE])
    definition = {
        "all": [
            {
                "did": HOSTILE,
                "filters": [{"property": HOSTILE, "operator": "is", "value": HOSTILE}],
            },
            {"property": HOSTILE, "operator": "is", "value": [HOSTILE]},
            {"cohort": hostile, "operator": "in"},
        ]
    }
    rule = made(server, HOSTILE + "2", definition=definition)
    for path in (
        f"cohort?id={hostile}",
        f"cohort?id={rule}",
        f"cohort?id={rule}&edit=1",
        "cohorts",
    ):
        page = dashboard.go(path)
        expect(page.locator("main")).to_contain_text("onerror")
        expect(page.locator("main img, main script")).to_have_count(0)
        assert page.title() != "run"
    page = dashboard.go(f"cohort?id={hostile}")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog")).to_contain_text("onerror")
    page.get_by_role("button", name="Cancel").click()
    assert page.title() != "run"


@pytest.fixture(scope="module")
def paths(server: Server) -> list[str]:
    named = made(server, "Named for looks", members=["ann", "nobody yet", HOSTILE])
    definition = {
        "all": [
            {"did": "order_placed", "at_least": 2, "within_days": 30},
            {"did_not": None, "filters": [{"property": "plan", "operator": "is_set"}]},
            {"cohort": named, "operator": "not_in"},
        ]
    }
    rule = made(server, "By rule for looks " + "w" * 150, definition=definition)
    return [
        "cohorts",
        "cohort",
        *(f"cohort?id={one}{edit}" for one in (named, rule) for edit in ("", "&edit=1")),
    ]


def test_they_have_no_serious_violation(dashboard: Dashboard, paths: list[str]) -> None:
    found = {path: dashboard.go(path) and dashboard.violations() for path in paths}

    assert {path: what for path, what in found.items() if what} == {}


def test_on_a_phone_nothing_is_wider_than_the_screen(
    dashboard: Dashboard, paths: list[str]
) -> None:
    dashboard.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    for path in paths:
        page = dashboard.go(path)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path


def test_a_list_of_people_is_filtered_sorted_counted_taken_along_and_made_a_cohort(
    dashboard: Dashboard, server: Server
) -> None:
    page = dashboard.go("people")
    names = page.locator("tbody tr td:first-child a")
    expect(page.get_by_text(everybody(server), exact=True)).to_be_visible()
    page.get_by_text("Filters and columns").click()
    page.get_by_role("button", name="Add something that they did").click()
    choose(page, "Event 1", "order_placed")
    page.get_by_label("within days").fill("30")
    page.get_by_label("within days").press("Tab")
    expect(page.get_by_text("3 people", exact=True)).to_be_visible()
    choose(page, "Columns: add", "plan")
    page.locator("thead").get_by_role("button", name="plan").click()

    expect(names).to_have_text(["Bob Baker", "Ann Archer", "cid"])
    expect(page.locator("thead").get_by_role("button", name="plan")).to_be_focused()
    page.keyboard.press("Enter")
    expect(names).to_have_text(["Ann Archer", "Bob Baker", "cid"])
    expect(page.locator("th[aria-sort=descending]")).to_have_text("plan↓")
    dashboard.settle()
    assert dashboard.violations() == []
    page.reload()
    expect(names).to_have_text(["Ann Archer", "Bob Baker", "cid"])
    expect(page.get_by_label("within days")).to_have_value("30")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    assert sideways(page) <= 0
    page.set_viewport_size(DESK)  # type: ignore[arg-type]
    with page.expect_download() as taken:
        page.get_by_role("link", name="CSV").click()
    head, *lines = taken.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert head == "distinct_id,name,email,ids,event_count,first_seen,last_seen,plan"
    assert [line.split(",")[0].strip('"') for line in lines] == ["ann", "bob", "cid"]

    page.get_by_role("button", name="Save as cohort").click()
    page.get_by_role("textbox", name="Name").fill("Lately")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".toast")).to_contain_text("Saved, with 3 people.")
    page.get_by_role("link", name="Open the cohort").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("People in Lately")
    expect(names).to_have_count(3)
    cohorts = server.get(PATH).json()["cohorts"]
    cohort = next(one for one in cohorts if one["name"] == "Lately")
    assert cohort["definition"] == {"all": [{"did": "order_placed", "within_days": 30}]}


def test_an_address_of_people_may_hold_anything(dashboard: Dashboard, server: Server) -> None:
    for asked in ("define=(all:!((property:!t)))", "define=x&sort=plan", "columns=(a:1)&sort=-"):
        page = dashboard.go(f"people?{asked}")
        expect(page.get_by_text(everybody(server), exact=True)).to_be_visible()
