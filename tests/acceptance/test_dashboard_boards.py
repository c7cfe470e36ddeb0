"""Saved questions and boards in a real browser."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from tests.support.browser import HOSTILE, PHONE, Dashboard, choose
from tests.support.command import registry_of
from tests.support.server import Server

from whipstitch.core.projects import Scope

PASSWORD = "correct horse battery"


def visit(event_name: str, distinct_id: str, days_ago: float) -> dict[str, Any]:
    at = datetime.now(UTC) - timedelta(days=days_ago)
    payload = {
        "event_name": event_name,
        "distinct_id": distinct_id,
        "timestamp": at.isoformat(),
        "properties": {"plan": "pro"},
    }
    return {"type": "track", "payload": payload}


HISTORY = [
    *(visit("page_viewed", f"person {n}", n) for n in range(12)),
    visit("bought", "person 1", 1),
    visit(HOSTILE, HOSTILE, 2),
]

PLANS: dict[str, Any] = {"events": [{"event_name": "page_viewed"}]}
QUERIES: dict[str, dict[str, Any]] = {
    "funnels": {
        "steps": [{"event_name": "page_viewed"}, {"event_name": "bought"}],
        "window_seconds": 90 * 60,
        "order": "unordered",
        "breakdown": {"property": "plan"},
    },
    "retention": {"start_event": "page_viewed", "interval": "week", "periods": 2},
    "flows": {"event_name": "page_viewed", "direction": "before", "depth": 2, "limit": 3},
    "stickiness": {"event_name": "page_viewed", "interval": "week"},
    "lifecycle": {"event_name": None, "interval": "day"},
    "experiments": {
        "exposure": {"event_name": "page_viewed"},
        "variant": {"property": "plan"},
        "control": "pro",
        "variants": ["free"],
        "goal": {"event_name": "bought"},
        "least_effect": 0.2,
    },
}


@pytest.fixture(scope="module")
def server(everybodys: Server) -> Server:
    running = everybodys.in_new_project("Boards")
    assert running.send("/api/v1/batch", {"operations": HISTORY}).status_code == 200
    running.wait_until(lambda: len(running.events()) == len(HISTORY))
    return running


def save(server: Server, name: str, event_name: str = "page_viewed", **more: Any) -> str:
    """The id of a question that another client saved."""
    query = {"events": [{"event_name": event_name}]}
    body = {"name": name, "surface": "insights", "query": query, "range": "30d", **more}
    answer = server.ask("/api/v1/questions", body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["question"]["id"])


def pinned(server: Server, name: str, *questions: str) -> str:
    """The id of a board with these questions."""
    tiles = [{"question_id": one} for one in questions]
    answer = server.ask("/api/v1/boards", {"name": name, "tiles": tiles})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["board"]["id"])


def insight(event_name: str) -> str:
    """The address of a question about an event."""
    events = quote(f"!((event_name:'{event_name}'))")
    return f"insights?events={events}"


def names(page: Page) -> list[str]:
    """Of the tiles, in their order."""
    return page.locator(".tile h2").all_inner_texts()


def tile(page: Page, name: str) -> Locator:
    return page.get_by_role("article", name=name, exact=True)


def test_a_question_is_saved_found_renamed_and_deleted(dashboard: Dashboard) -> None:
    page = dashboard.go(insight("page_viewed"))
    page.get_by_role("button", name="Save", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Page views")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Page views")
    assert re.search(r"\?saved=qst_\w+$", page.url)

    page = dashboard.go("boards")
    page.get_by_role("link", name="Page views").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Page views")
    dashboard.settle()
    expect(page.locator("#answer")).to_contain_text("12")
    page.get_by_label("More about this question").click()
    page.get_by_role("button", name="Name and boards").click()
    dialog.get_by_label("Name").fill("Views")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Views")

    page = dashboard.go("boards")
    expect(page.get_by_role("link", name="Page views")).to_have_count(0)
    page.get_by_role("button", name="Delete Views").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("link", name="Views")).to_have_count(0)


def test_a_saved_question_that_is_changed_says_so(dashboard: Dashboard, server: Server) -> None:
    question = save(server, "Slowly changed")
    page = dashboard.go(f"insights?saved={question}")
    tag = page.locator("#save .tag")
    save_changes = page.get_by_role("button", name="Save changes")
    expect(page.get_by_label("Range")).to_have_value("30d")
    expect(save_changes).to_be_disabled()

    page.get_by_label("Range").select_option("7d")
    expect(tag).to_have_text("Changed")
    page.reload()
    dashboard.settle()
    expect(page.get_by_label("Range")).to_have_value("7d")
    expect(tag).to_have_text("Changed")
    page.get_by_label("Range").select_option("30d")
    expect(tag).to_have_count(0)
    page.get_by_role("button", name="Bars").click()
    save_changes.click()
    expect(tag).to_have_count(0)
    expect(save_changes).to_be_disabled()

    dashboard.go(f"insights?saved={question}")
    expect(page.get_by_role("button", name="Bars")).to_have_attribute("aria-pressed", "true")
    page.go_back()
    expect(tag).to_have_count(0)
    kept = server.get(f"/api/v1/questions/{question}").json()["question"]
    assert (kept["range"], kept["view"]["view"]) == ("30d", "bar")


def test_a_question_that_a_program_saved_is_shown_as_it_asks(
    dashboard: Dashboard, server: Server
) -> None:
    query = {
        "events": [
            {
                "event_name": "page_viewed",
                "math": "unique",
                "filters": [{"property": "plan", "operator": "is", "value": ["pro", "team"]}],
            }
        ],
        "filters": [{"property": "plan", "operator": "is_not", "value": "free"}],
        "breakdown": {"property": "plan", "limit": 5},
        "interval": "week",
        "from": "2026-05-01T00:00:00Z",
        "to": "2026-05-08",
    }
    question = save(server, "By a program", query=query, range=None)
    page = dashboard.go(f"insights?saved={question}")

    expect(page.get_by_label("First day")).to_have_value("2026-05-01")
    expect(page.get_by_label("Last day")).to_have_value("2026-05-07")
    expect(page.get_by_label("Interval")).to_have_value("week")
    expect(page.get_by_role("combobox", name="Break down by")).to_have_value("plan")
    expect(page.locator("#editor")).to_contain_text("team")
    expect(page.locator("#save .tag")).to_have_count(0)
    page.get_by_role("button", name="Bars").click()
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_label("More about this question")).to_be_focused()

    kept = server.get(f"/api/v1/questions/{question}").json()["question"]
    assert kept["view"] == {"view": "bar"}
    assert kept["query"]["events"] == query["events"]
    assert (kept["query"]["from"], kept["query"]["to"]) == ("2026-05-01", "2026-05-08")
    page = dashboard.go(f"board?id={pinned(server, 'Of programs', question)}")
    expect(tile(page, "By a program")).to_contain_text("2026-05-01 to 2026-05-07")


def test_questions_of_every_kind_are_shown_on_boards_and_saved_again(
    dashboard: Dashboard, server: Server
) -> None:
    saved = {
        surface: save(server, f"About {surface}", surface=surface, query=query)
        for surface, query in QUERIES.items()
    }
    board = pinned(server, "Of every kind", *saved.values())
    for surface, question in saved.items():
        page = dashboard.go(f"board?id={board}")
        expect(tile(page, f"About {surface}").locator("svg").first).to_be_visible()
        page.get_by_role("link", name=f"About {surface}").click()
        dashboard.settle()
        expect(page.get_by_role("heading", level=1)).to_have_text(f"About {surface}")
        expect(page.locator("#save .tag")).to_have_count(0)
        page.get_by_label("Range").select_option("7d")
        page.get_by_role("button", name="Save changes").click()
        expect(page.locator(".toast")).to_contain_text("Saved")
        kept = server.get(f"/api/v1/questions/{question}").json()["question"]
        assert kept["range"] == "7d"
        wanted = {name: one for name, one in QUERIES[surface].items() if name != "breakdown"}
        assert kept["query"] == {**kept["query"], **wanted}


def test_a_question_is_pinned_where_it_is_saved(dashboard: Dashboard) -> None:
    page = dashboard.go(insight("bought"))
    page.get_by_role("button", name="Save", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Purchases")
    dialog.get_by_label("Pin to a new board").fill("First board")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)

    page = dashboard.go("boards")
    page.locator(".board-card").get_by_role("link", name="First board").click()
    expect(tile(page, "Purchases").locator("svg")).to_be_visible()
    dashboard.settle()
    tile(page, "Purchases").get_by_role("link", name="Purchases").click()
    page.get_by_label("More about this question").click()
    page.get_by_role("button", name="Name and boards").click()
    dialog.get_by_label("First board").uncheck()
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    page.go_back()
    expect(page.get_by_text("This board is empty")).to_be_visible()


def places(server: Server, board: str) -> list[Any]:
    """Of the board's tiles, in their order: what they are of, column, row, width and height."""
    tiles = server.get(f"/api/v1/boards/{board}").json()["board"]["tiles"]
    cells = ("x", "y", "width", "height")
    return [
        (one.get("question_id") or one["text"], *(one.get(name) for name in cells)) for one in tiles
    ]


def in_grid(server: Server, name: str, *tiles: dict[str, Any]) -> str:
    answer = server.ask("/api/v1/boards", {"name": name, "tiles": tiles})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["board"]["id"])


def at(what: dict[str, str], x: int, y: int, width: int, height: int) -> dict[str, Any]:
    return {**what, "x": x, "y": y, "width": width, "height": height}


def test_a_board_without_places_looks_as_before_until_it_is_arranged(
    dashboard: Dashboard, server: Server
) -> None:
    questions = a, _, c = [save(server, name) for name in ("A", "B", "C")]
    board = pinned(server, "Arranged", *questions)
    page = dashboard.go(f"board?id={board}")

    def boxes() -> list[Any]:
        return [tile(page, name).bounding_box() for name in ("A", "B", "C")]

    before = boxes()
    page.get_by_role("button", name="Arrange").click()
    page.get_by_role("button", name="Arrange").click()
    server.wait_until(lambda: boxes() == before)
    assert places(server, board) == [(one, None, None, "half", None) for one in questions]

    page.get_by_role("button", name="Arrange").click()
    page.get_by_role("button", name="Move C up").focus()
    page.keyboard.press("Enter")
    assert names(page) == ["C", "B", "A"]
    expect(page.get_by_role("button", name="Move C up")).to_be_disabled()
    expect(page.get_by_role("button", name="Move or size C")).to_be_focused()
    page.get_by_role("button", name="Remove B from this board").click()
    assert names(page) == ["C", "A"]

    def kept() -> list[Any]:
        return [one[:4] for one in places(server, board)]

    server.wait_until(lambda: len(kept()) == 2)
    high = places(server, board)[0][4]
    assert kept() == [(c, 0, 0, 6), (a, 0, high, 6)]
    page.reload()
    dashboard.settle()
    assert names(page) == ["C", "A"]


def test_tiles_are_moved_and_sized_by_keyboard_and_it_is_said(
    dashboard: Dashboard, server: Server
) -> None:
    a, b = save(server, "Left"), save(server, "Right")
    board = in_grid(
        server,
        "By keyboard",
        at({"question_id": a}, 0, 0, 6, 6),
        at({"question_id": b}, 6, 0, 6, 6),
    )
    page = dashboard.go(f"board?id={board}")
    page.get_by_role("button", name="Arrange").click()
    handle = page.get_by_role("button", name="Move or size Right")
    handle.focus()
    for keys, said in (
        ("Shift+ArrowLeft", "Right: column 7, row 1, 5 wide, 6 high."),
        ("ArrowRight", "Right: column 8, row 1, 5 wide, 6 high."),
        ("ArrowRight", "Right cannot go further."),
        ("Shift+ArrowDown", "Right: column 8, row 1, 5 wide, 7 high."),
        ("ArrowLeft", "Right: column 7, row 1, 5 wide, 7 high."),
        # What is in the way goes down.
        ("ArrowLeft", "Right: column 6, row 1, 5 wide, 7 high."),
        # Past the next one, where nothing nearer would change.
        ("ArrowDown", "Right: column 6, row 7, 5 wide, 7 high."),
    ):
        page.keyboard.press(keys)
        expect(page.locator("#said")).to_have_text(said)
        expect(handle).to_be_focused()
    assert names(page) == ["Left", "Right"]
    server.wait_until(lambda: places(server, board) == [(a, 0, 0, 6, 6), (b, 5, 6, 5, 7)])

    page.get_by_role("button", name="Place of Right").click()
    dialog = page.get_by_role("dialog")
    for label, value in (("Column", "1"), ("Row", "1"), ("Width", "12"), ("Height", "4")):
        dialog.get_by_label(label).fill(value)
    dialog.get_by_role("button", name="Put it there").click()
    server.wait_until(lambda: places(server, board) == [(b, 0, 0, 12, 4), (a, 0, 4, 6, 6)])


def test_tiles_are_dragged_and_sized_with_the_pointer(dashboard: Dashboard, server: Server) -> None:
    a, b = save(server, "Upper"), save(server, "Lower")
    board = in_grid(
        server, "By hand", at({"question_id": a}, 0, 0, 8, 5), at({"question_id": b}, 0, 5, 8, 9)
    )
    page = dashboard.go(f"board?id={board}")
    page.get_by_role("button", name="Arrange").click()
    grid = page.locator("#tiles").bounding_box()
    assert grid is not None
    column, row = (grid["width"] + 16) / 12, 56

    def drag(what: Locator, columns: int, rows: int, *, drop: bool = True) -> None:
        what.scroll_into_view_if_needed()
        box = what.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + columns * column, y + rows * row, steps=4)
        if not drop:
            page.keyboard.press("Escape")
        page.mouse.up()

    drag(page.get_by_role("button", name="Move or size Upper"), 2, 0)
    server.wait_until(lambda: places(server, board)[0] == (a, 2, 0, 8, 5))
    drag(tile(page, "Upper").locator(".corner"), -4, 1)
    server.wait_until(lambda: places(server, board) == [(a, 2, 0, 4, 6), (b, 0, 6, 8, 9)])
    drag(page.get_by_role("button", name="Move or size Lower"), 0, -6, drop=False)
    drag(page.get_by_role("button", name="Move or size Upper"), -2, 0)
    server.wait_until(lambda: places(server, board) == [(a, 0, 0, 4, 6), (b, 0, 6, 8, 9)])
    # The chart is as high as its tile leaves it room.
    chart = tile(page, "Lower").locator(".chart svg").first
    high = chart.bounding_box()
    assert high is not None
    drag(tile(page, "Lower").locator(".corner"), 0, -2)
    server.wait_until(lambda: places(server, board)[1] == (b, 0, 6, 8, 7))
    wanted = pytest.approx(high["height"] - 2 * row, abs=2)
    server.wait_until(lambda: (chart.bounding_box() or high)["height"] == wanted)


def test_texts_on_a_board_have_a_small_markup_and_are_only_text(
    dashboard: Dashboard, server: Server
) -> None:
    text = (
        f"# Shop {HOSTILE}\n**Bold** and [docs](https://example.com/a?b=1), [boards](boards),\n"
        "[run](javascript:document.title='run') [data](data:text/html,x)\n\n"
        "- one\n- two\n\n3. three"
    )
    board = in_grid(server, "Texts", at({"text": text}, 0, 0, 6, 6), at({"text": "B"}, 6, 0, 6, 6))
    page = dashboard.go(f"board?id={board}")
    shown = page.locator(".text-tile").first
    expect(shown.get_by_role("heading")).to_have_text(f"Shop {HOSTILE}")
    expect(shown.locator("strong")).to_have_text("Bold")
    links = shown.get_by_role("link").evaluate_all("all => all.map(one => [one.text, one.href])")
    here = f"{server.url}/p/{server.project_id}/live/boards"
    assert links == [["docs", "https://example.com/a?b=1"], ["boards", here]]
    expect(shown).to_contain_text("[run](javascript:document.title='run')")
    expect(shown.locator("ul > li")).to_have_text(["one", "two"])
    expect(shown.locator("ol[start='3'] > li")).to_have_text("three")
    assert page.title() != "run"
    assert page.locator("main :is(img, script)").count() == 0

    page.get_by_label("More about this board").click()
    page.get_by_role("button", name="Add a text").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Text").fill("## Third")
    dialog.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", name="Third")).to_be_visible()
    page.get_by_role("button", name="Arrange").click()
    page.get_by_role("button", name="Edit “Third”").click()
    dialog.get_by_label("Text").fill("Fourth")
    dialog.get_by_role("button", name="Change it").click()
    expect(page.get_by_text("Fourth", exact=True)).to_be_visible()
    server.wait_until(lambda: places(server, board)[2] == ("Fourth", 0, 6, 12, 2))


def test_a_change_that_is_refused_is_undone(dashboard: Dashboard, server: Server) -> None:
    first, second, third = (save(server, name) for name in ("Stays", "Goes", "Stays, too"))
    page = dashboard.go(f"board?id={pinned(server, 'Behind', first, second, third)}")
    page.get_by_role("button", name="Arrange").click()
    with registry_of(server.data_dir) as registry:
        registry.delete_question(Scope(server.project_id, "live"), second)

    page.get_by_role("button", name="Move Stays, too up").click()

    expect(page.locator(".toast")).to_contain_text("no such question")
    expect(page.locator(".tile h2")).to_have_text(["Stays", "Stays, too"])
    # The browser tells of answers that say so.
    dashboard.complaints = [one for one in dashboard.complaints if "400" not in one]


def test_questions_are_added_to_a_board_that_is_made_renamed_and_deleted(
    dashboard: Dashboard, server: Server
) -> None:
    save(server, "To be added")
    page = dashboard.go("boards")
    dialog = page.get_by_role("dialog")
    page.get_by_role("button", name="New board").click()
    dialog.get_by_label("Name").fill("Fresh")
    dialog.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Fresh")

    page.get_by_role("button", name="Add questions").click()
    dialog.get_by_label("To be added").check()
    dialog.get_by_role("button", name="Add").click()
    expect(tile(page, "To be added").locator("svg")).to_be_visible()
    page.get_by_label("More about this board").click()
    page.get_by_role("button", name="Rename").click()
    dialog.get_by_label("Name").fill("Stale")
    dialog.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Stale")
    page.get_by_label("More about this board").click()
    page.get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete").click()

    page.wait_for_url("**/boards")
    dashboard.settle()
    expect(page.get_by_role("link", name="Stale")).to_have_count(0)
    expect(page.get_by_role("link", name="To be added")).to_have_count(1)


def test_a_range_of_the_board_holds_for_all_its_questions(
    dashboard: Dashboard, server: Server
) -> None:
    week = save(server, "One week", range="7d", view={"view": "number"})
    month = save(server, "One month", range="30d", view={"view": "number"})
    board = pinned(server, "Ranges", week, month)
    page = dashboard.go(f"board?id={board}")
    numbers = page.locator(".tile .big")
    expect(numbers).to_have_text(["7", "12"])

    page.get_by_label("Range").select_option("7d")
    expect(numbers).to_have_text(["7", "7"])
    expect(tile(page, "One month")).to_contain_text("Last 7 days")
    page.reload()
    expect(numbers).to_have_text(["7", "7"])
    tile(page, "One month").get_by_role("link", name="One month").click()
    expect(page.get_by_label("Range")).to_have_value("7d")
    expect(page.get_by_role("heading", level=1)).to_have_text("One month")
    page.go_back()
    page.get_by_label("Range").select_option("")
    expect(numbers).to_have_text(["7", "12"])


def test_what_a_board_asks_of_all_is_in_the_address_and_kept_with_it(
    dashboard: Dashboard, server: Server
) -> None:
    number = save(server, "In all", view={"view": "number"})
    bars = save(server, "Bars", view={"view": "bar"})
    board = pinned(server, "Narrow", number, bars)
    page = dashboard.go(f"board?id={board}")
    numbers = page.locator(".tile .big")
    expect(numbers).to_have_text(["12"])
    page.get_by_label("Range").select_option("7d")
    page.get_by_text("Filters and breakdown").click()
    page.get_by_role("button", name="Add a filter").click()
    choose(page, "Property", "plan", "plan")
    page.keyboard.type("pro")
    page.keyboard.press("Enter")
    expect(page.locator("#asked")).to_have_text("Last 7 days · plan is pro")
    choose(page, "Break all down by", "plan", "plan")
    expect(page.locator("#asked")).to_have_text("Last 7 days · plan is pro · by plan")
    expect(numbers).to_have_text(["7"])
    expect(tile(page, "In all")).to_contain_text("pro")

    page.reload()
    dashboard.settle()
    expect(page.locator("#asked")).to_have_text("Last 7 days · plan is pro · by plan")
    page.get_by_role("button", name="Keep for this board").click()
    expect(page.locator("#keep")).to_be_empty()
    assert page.url.endswith(f"board?id={board}")
    page.reload()
    dashboard.settle()
    expect(numbers).to_have_text(["7"])
    tile(page, "Bars").get_by_role("link", name="Bars").click()
    dashboard.settle()
    expect(page.get_by_role("combobox", name="Break down by")).to_have_value("plan")
    expect(page.get_by_label("Range")).to_have_value("7d")
    page.go_back()
    page.get_by_label("Range").select_option("")
    expect(numbers).to_have_text(["12"])
    page.reload()
    expect(page.locator("#asked")).to_have_text("plan is pro · by plan")
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_label("Range")).to_have_value("7d")
    assert page.url.endswith(f"board?id={board}")


def test_a_board_asks_again_every_minute(browser: Browser, server: Server) -> None:
    question = save(server, "Ticks", "ticked", view={"view": "number"})
    board = pinned(server, "Ticking", question)
    dashboard = Dashboard(browser, server)
    dashboard.sign_in()
    page = dashboard.page
    page.clock.install()
    dashboard.go(f"board?id={board}")
    expect(tile(page, "Ticks")).to_contain_text("Nothing of that happened")

    server.send("/api/v1/track", {"event_name": "ticked", "distinct_id": "bob"})
    server.wait_until(lambda: bool(server.events(event_name="ticked")))
    page.clock.run_for(61_000)

    expect(tile(page, "Ticks").locator(".big")).to_have_text("1")
    assert dashboard.complaints == []
    page.route("**/api/v1/boards/*", lambda route: route.abort())
    page.clock.run_for(61_000)
    expect(page.locator("#state")).to_contain_text("The server does not answer")
    expect(tile(page, "Ticks").locator(".big")).to_have_text("1")
    dashboard.context.close()


def test_a_wall_screen_shows_the_tiles_alone_and_says_loudly_when_they_are_old(
    browser: Browser, server: Server
) -> None:
    question = save(server, "On the wall", view={"view": "number"})
    board = in_grid(server, "Wall", at({"question_id": question}, 0, 0, 6, 4))
    dashboard = Dashboard(browser, server)
    dashboard.sign_in()
    page = dashboard.page
    page.clock.install()
    dashboard.go(f"board?id={board}")
    number, sign = page.locator(".tile .big"), page.locator(".stale-sign")
    large = number.bounding_box()
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.get_by_label("More about this board").click()
    page.get_by_role("button", name="Wall screen").click()
    expect(page.locator("header.top, nav.side, #add, #edit").locator("visible=true")).to_have_count(
        0
    )
    assert page.url.endswith("wall=5")
    expect(sign).to_be_hidden()
    page.wait_for_function("document.querySelector('.tiles').style.zoom === '1.5'")
    larger = number.bounding_box()
    assert large is not None
    assert larger is not None
    assert larger["height"] == pytest.approx(1.5 * large["height"], rel=0.02)

    # The server is away: at the next turn. The answer before stays.
    page.route("**/api/v1/**", lambda route: route.abort())
    page.clock.run_for(61_000)
    expect(sign).to_contain_text("The server does not answer")
    expect(number).to_have_text("12")
    page.unroute("**/api/v1/**")
    page.clock.run_for(61_000)
    expect(sign).to_be_hidden()
    # A question alone that fails is as old.
    page.route("**/api/v1/insights**", lambda route: route.abort())
    page.clock.run_for(61_000)
    expect(sign).to_contain_text("1 of 1 tiles have no answer")
    expect(number).to_have_text("12")
    page.unroute("**/api/v1/insights**")
    page.clock.run_for(61_000)
    expect(sign).to_be_hidden()
    # It neither answers nor fails.
    page.route("**/api/v1/boards/*", lambda _: None)
    page.clock.run_for(240_000)
    expect(sign).to_be_hidden()
    page.clock.run_for(121_000)
    expect(sign).to_contain_text("min ago")

    # Signed out it stays, and says so.
    page.goto("about:blank")
    dashboard.context.clear_cookies()
    dashboard.sign_in()
    page.unroute("**/api/v1/boards/*")
    dashboard.go(f"board?id={board}&wall=2")
    dashboard.context.clear_cookies()
    page.clock.run_for(61_000)
    expect(sign).to_contain_text("You are signed out")
    assert "/board?" in page.url
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Arrange")).to_be_visible()
    assert "wall" not in page.url
    dashboard.context.close()


def test_a_board_is_printed_with_titles_legends_and_what_it_asks_and_no_tile_is_cut(
    dashboard: Dashboard, server: Server
) -> None:
    groups = save(server, "Groups", query={**PLANS, "breakdown": {"property": "plan"}})
    body = {
        "name": "Printed",
        "tiles": [
            at({"question_id": groups}, 0, 0, 4, 5),
            at({"text": "# Beside\n" + "word " * 300}, 4, 0, 8, 3),
        ],
        "filters": [{"property": "plan", "operator": "is", "value": "pro"}],
    }
    board = server.ask("/api/v1/boards", body).json()["board"]["id"]
    page = dashboard.go(f"board?id={board}")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.emulate_media(media="print")
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("#asked")).to_have_text("plan is pro")
    expect(page.locator(".tile h2")).to_have_text(["Groups", "Beside"])
    expect(tile(page, "Groups").locator(".swatch").first).to_be_visible()
    expect(page.locator("header.top, nav.side, main button").locator("visible=true")).to_have_count(
        0
    )
    wrong = page.locator(".tile").evaluate_all(
        """all => all.filter((one) => {
          const parts = [one, ...one.querySelectorAll('.tile-answer, .tile-text, .totals')];
          const cut = parts.some((part) => part.scrollHeight > part.clientHeight + 1);
          const svgs = [...one.querySelectorAll('.chart svg')];
          const grown = svgs.some((svg) => svg.clientWidth > Number(svg.getAttribute('width')));
          return cut || grown || getComputedStyle(one).breakInside !== 'avoid';
        }).length"""
    )
    ink = page.evaluate("getComputedStyle(document.body).color")
    page.emulate_media(media="screen")
    page.evaluate("delete document.documentElement.dataset.theme")
    assert wrong == 0
    assert ink == "rgb(20, 25, 30)"


def test_a_board_is_made_ready_of_the_projects_own_events(dashboard: Dashboard) -> None:
    page = dashboard.go("boards")
    dialog = page.get_by_role("dialog")
    for template, asked, tiles in (
        (
            "Web site",
            {"A page is viewed": "page_viewed"},
            ["Visitors and views", "Visitors by day"],
        ),
        ("Sign-up funnel", {"They look": "page_viewed", "They do what counts": "bought"}, []),
    ):
        page = dashboard.go("boards")
        page.get_by_role("button", name="New board").click()
        dialog.get_by_label("Begin with").select_option(template)
        for label, event in asked.items():
            field = dialog.get_by_role("combobox", name=label, exact=True)
            if template == "Web site":
                expect(field).to_have_value(event)
            else:
                choose(page, label, event, event)
        if template != "Web site":
            choose(page, "They sign up", "bought", "bought")
        expect(dialog.get_by_label("Name")).to_have_value(template)
        dialog.get_by_role("button", name="Make it").click()
        page.wait_for_url("**/board?id=*")
        dashboard.settle()
        expect(page.get_by_role("heading", level=1)).to_have_text(template)
        assert names(page)[: len(tiles)] == tiles
        expect(page.locator(".tile .notice")).to_have_count(0)
    expect(tile(page, "From a look to what counts").locator("svg")).to_be_visible()


def test_names_of_any_kind_are_only_text(dashboard: Dashboard, server: Server) -> None:
    question = save(server, HOSTILE, HOSTILE)
    board = pinned(server, HOSTILE, question)
    dialog = dashboard.page.get_by_role("dialog")
    page = dashboard.go("boards")
    expect(page.get_by_role("link", name=HOSTILE)).to_have_count(3)
    page.get_by_role("button", name=f"Delete {HOSTILE}").last.click()
    expect(dialog).to_contain_text("onerror")
    dialog.get_by_role("button", name="Cancel").click()

    page = dashboard.go(f"board?id={board}")
    expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    expect(page.locator(".tile svg")).to_be_visible()
    page.get_by_role("button", name="Add questions").click()
    dialog.get_by_role("button", name="Cancel").click()
    page.locator(".tile h2 a").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    dashboard.settle()
    page.get_by_label("More about this question").click()
    page.get_by_role("button", name="Name and boards").click()
    expect(dialog.get_by_label(HOSTILE)).to_be_checked()
    dialog.get_by_role("button", name="Cancel").click()

    assert page.title() != "run"
    assert page.locator("main :is(img, script)").count() == 0


def test_what_is_gone_is_said_to_be_gone(dashboard: Dashboard) -> None:
    page = dashboard.go("board?id=brd_gone")
    expect(page.locator("main")).to_contain_text("There is no such board")
    page = dashboard.go("insights?saved=qst_gone")
    expect(page.locator(".toast")).to_contain_text("not there any more")
    # The browser tells of answers that say so.
    dashboard.complaints = [one for one in dashboard.complaints if "404" not in one]


def test_a_viewer_looks_and_is_offered_no_change(browser: Browser, server: Server) -> None:
    board = pinned(server, "Looked at", save(server, "For all"))
    with registry_of(server.data_dir) as registry:
        registry.create_user("viewer@example.com", PASSWORD, "viewer")
    dashboard = Dashboard(browser, server)
    dashboard.sign_in("viewer@example.com", PASSWORD)
    for path in ("boards", f"board?id={board}"):
        page = dashboard.go(path)
        expect(page.locator("main").get_by_text("For all").first).to_be_visible()
        assert page.locator("main button:visible").all_inner_texts() == []
    page.get_by_role("link", name="For all").click()
    dashboard.settle()
    expect(page.get_by_role("heading", level=1)).to_have_text("For all")
    expect(page.locator("#save button")).to_have_count(0)
    assert dashboard.complaints == []
    dashboard.context.close()


@pytest.fixture(scope="module")
def paths(server: Server) -> tuple[str, ...]:
    """A page of each kind."""
    views: tuple[dict[str, Any], ...] = ({}, {"view": "bar"}, {"view": "table"}, {"view": "number"})
    shown = [save(server, f"Shown {number}", view=view) for number, view in enumerate(views)]
    shown += [save(server, f"Shown {one}", surface=one, query=QUERIES[one]) for one in QUERIES]
    board = pinned(server, "Shown", *shown)
    grid = in_grid(
        server,
        "Shown in a grid",
        at({"text": "# Title\n" + "word " * 400}, 0, 0, 3, 3),
        *(at({"question_id": one}, 3, 5 * n, 4, 5) for n, one in enumerate(shown)),
    )
    return ("boards", f"board?id={board}", f"board?id={grid}", f"insights?saved={shown[0]}")


def test_on_a_phone_nothing_is_wider_than_the_screen(
    dashboard: Dashboard, paths: tuple[str, ...]
) -> None:
    dashboard.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    for path in paths:
        page = dashboard.go(path)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path


def test_no_page_has_a_serious_violation(dashboard: Dashboard, paths: tuple[str, ...]) -> None:
    found = {path: dashboard.go(path) and dashboard.violations() for path in paths}
    page = dashboard.go(paths[1])
    page.get_by_role("button", name="Arrange").click()
    found["arranging"] = dashboard.violations()
    page.get_by_role("button", name="Add questions").click()
    found["adding"] = dashboard.violations()
    page = dashboard.go("boards", "test")
    found["nothing there"] = dashboard.violations()
    page = dashboard.go(insight("page_viewed"))
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    found["saving"] = dashboard.violations()

    assert {path: what for path, what in found.items() if what} == {}
