"""Screens and the heat of their taps in a real browser."""

import base64
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import expect
from tests.support.browser import HOSTILE, PHONE, Dashboard
from tests.support.server import Server

from whipstitch.demo.pictures import picture

YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)
PICTURE = picture("Home", 100, 200)


def event(name: str, who: str, screen: str, **properties: Any) -> dict[str, Any]:
    payload = {
        "event_name": name,
        "distinct_id": who,
        "timestamp": f"{YESTERDAY}T12:00:00Z",
        "properties": {"$screen_name": screen, **properties},
    }
    return {"type": "track", "payload": payload}


def tap(who: str, screen: str, x: float, y: float, **more: Any) -> dict[str, Any]:
    size = {"$screen_width": 100, "$screen_height": 200}
    return event("$tap", who, screen, **{"$x": x, "$y": y, **size, **more})


HISTORY = [
    event("$screen", "ann", "Home"),
    *(tap(who, "Home", 50, 20, **{"$app_version": "2.0"}) for who in ("ann", "ann", "bob")),
    tap("cid", "Home", 91, 180, **{"$app_version": "2.1"}),
    tap("cid", "Home", 50, 20, **{"$app_version": "2.1", "$scroll_offset_y": 300}),
    event("$click", "dan", "Home", **{"$x": 1, "$y": 1}),
    event("$screen", "ann", "Unpictured"),
    tap("ann", "Unpictured", 10, 10),
    event("$screen", "ann", HOSTILE),
    tap("mallory", HOSTILE, 10, 10, **{"$app_version": HOSTILE}),
]


def upload(server: Server, screen: str, **more: Any) -> None:
    body = {"screen_name": screen, "image_base64": base64.b64encode(PICTURE).decode(), **more}
    assert server.send("/api/heatmaps/snapshot", body).status_code == 200


@pytest.fixture(scope="module")
def server(everybodys: Server) -> Server:
    running = everybodys.in_new_project("Screens")
    assert running.send("/api/v1/batch", {"operations": HISTORY}).status_code == 200
    size = {"device_width": 100, "device_height": 200}
    upload(running, "Home", app_version="2.0", **size)
    upload(running, "Home", app_version="2.1", os="ios", **size)
    upload(running, "Pictured only")
    upload(running, HOSTILE, os=HOSTILE, app_version=HOSTILE)
    running.wait_until(lambda: len(running.events()) == len(HISTORY))
    return running


def test_screens_are_listed_with_their_pictures(dashboard: Dashboard) -> None:
    page = dashboard.go("screens")
    expect(page.locator(".screen-card h2")).to_have_text(
        [HOSTILE, "Home", "Pictured only", "Unpictured"]
    )
    home = page.locator(".screen-card", has=page.get_by_role("link", name="Home"))
    expect(home).to_contain_text("6 taps · 1 view")
    expect(home).to_contain_text("2 snapshots, newest of 2.1")
    home.locator("img").evaluate("image => image.decode()")
    assert home.locator("img").evaluate("image => image.naturalHeight") == 200
    expect(page.locator(".screen-card", has_text="No picture yet")).to_have_count(1)

    page.get_by_role("searchbox").fill("hom")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".screen-card")).to_have_count(1)
    page.get_by_role("link", name="Home").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    dashboard.settle()


def heat_at(dashboard: Dashboard, x: float, y: float) -> list[int]:
    """The colour at a place of the picture, in fractions of it: [red, green, blue, opacity]."""
    found: list[int] = dashboard.page.locator("canvas.heat").evaluate(
        """(canvas, [x, y]) => {
          const place = [Math.floor(x * canvas.width), Math.floor(y * canvas.height)];
          return [...canvas.getContext("2d").getImageData(...place, 1, 1).data];
        }""",
        [x, y],
    )
    return found


def test_taps_lie_as_heat_over_the_picture(dashboard: Dashboard) -> None:
    page = dashboard.go("screen?screen=Home")

    assert page.locator(".stage img").evaluate("image => image.naturalWidth") == 100
    often, once = heat_at(dashboard, 0.51, 0.1), heat_at(dashboard, 0.91, 0.9)
    assert often[1] > once[1]
    assert min(often[3], once[3]) > 0
    assert heat_at(dashboard, 0.3, 0.5)[3] == 0
    expect(page.get_by_role("img", name="Heatmap of 5 taps")).to_be_visible()
    expect(page.locator("#figures")).to_contain_text("Taps5People3Views1")
    expect(page.locator("#figures")).to_contain_text("1 more tap without the screen's size")
    expect(page.locator("#picture")).to_contain_text("1 tap outside of the picture")
    page.get_by_role("button", name="Heat").click()
    expect(page.locator("canvas.heat")).to_be_hidden()


def test_the_most_tapped_places_are_a_table_with_the_people(dashboard: Dashboard) -> None:
    page = dashboard.go("screen?screen=Home")
    first = page.locator("#top tbody tr").first
    expect(first).to_contain_text("51% from the left, 11% from the top")
    expect(first.locator("td")).to_have_text(["3", "60%", "2"])

    first.get_by_role("link").click()

    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("tbody")).to_contain_text("bob")
    page.go_back()
    page.locator("#figures").get_by_role("link", name="3").click()
    expect(page.locator("tbody tr")).to_have_count(3)
    dashboard.settle()


def test_taps_are_narrowed_to_a_version_and_the_picture_follows(dashboard: Dashboard) -> None:
    page = dashboard.go("screen?screen=Home")
    picked = page.get_by_role("combobox", name="Picture")
    expect(picked).to_have_value('["2.1","ios"]')

    page.get_by_label("App version").focus()
    page.get_by_label("App version").select_option("2.0")

    expect(page.locator("#figures")).to_contain_text("Taps3People2")
    expect(page.get_by_label("App version")).to_be_focused()
    expect(picked).to_have_value('["2.0",null]')
    assert page.url.endswith("screen?screen=Home&app_version=2.0")
    picked.select_option('["2.1","ios"]')
    expect(page.locator(".stage img")).to_have_attribute("alt", "Home, 2.1 · ios")
    page.reload()
    dashboard.settle()
    expect(page.locator(".stage img")).to_have_attribute("alt", "Home, 2.1 · ios")
    page.get_by_label("App version").select_option("")
    expect(page.locator("#figures")).to_contain_text("Taps5")
    dashboard.settle()


def run(line: str, folder: Path | None = None) -> None:
    """A line that the dashboard gives to copy."""
    quiet = line.replace("curl", "curl -sf", 1)
    subprocess.run(["sh", "-c", quiet], check=True, timeout=10, cwd=folder)


def test_a_screen_without_a_picture_says_how_one_gets_there(
    dashboard: Dashboard, tmp_path: Path
) -> None:
    page = dashboard.go("screen?screen=Unpictured")
    expect(page.locator("#picture")).to_contain_text("No picture yet")
    assert heat_at(dashboard, 0.11, 0.05)[3] > 0
    page.locator("#picture").get_by_role("button", name="Copy").click()
    line = page.evaluate("navigator.clipboard.readText()").replace("Checkout", "Unpictured")
    (tmp_path / "checkout.png").write_bytes(PICTURE + bytes(300_000))

    run(line, tmp_path)

    page = dashboard.go("screen?screen=Unpictured")
    expect(page.locator(".stage img")).to_have_attribute("alt", "Unpictured, any version · ios")


def test_an_empty_project_says_what_to_send_and_that_works(
    dashboard: Dashboard, server: Server
) -> None:
    page = dashboard.go("screens", "test")
    expect(page.locator(".empty")).to_contain_text("/api/heatmaps/snapshot")
    expect(page.locator(".empty")).to_contain_text(server.test_key)
    page.get_by_role("button", name="Copy").first.click()
    run(page.evaluate("navigator.clipboard.readText()"))
    page = dashboard.go("screen?screen=Checkout", "test")
    page.locator("#top").get_by_role("button", name="Copy").click()
    run(page.evaluate("navigator.clipboard.readText()"))

    server.wait_until(lambda: len(server.events(environment="test")) == 2)
    page = dashboard.go("screen?screen=Checkout", "test")
    expect(page.locator("#figures")).to_contain_text("Taps1People1Views1")
    assert heat_at(dashboard, 0.5, 0.9)[3] > 0
    page = dashboard.go("screen", "test")
    expect(page.get_by_role("link", name="choose one")).to_be_visible()


def test_what_clients_send_is_never_run(dashboard: Dashboard) -> None:
    page = dashboard.go("screens")
    page.get_by_role("link", name=HOSTILE).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    dashboard.settle()
    page.get_by_label("App version").select_option(HOSTILE)
    expect(page.locator("#figures")).to_contain_text("Taps1")
    expect(page.locator(".stage img")).to_have_attribute(
        "alt", f"{HOSTILE}, {HOSTILE} · {HOSTILE.lower()}"
    )
    dashboard.settle()

    assert page.title() != "run"
    assert page.locator("main script").count() == 0
    assert page.locator("main img").count() == 1


def test_they_have_no_serious_violation(dashboard: Dashboard) -> None:
    paths = ("screens", "screen?screen=Home", "screen?screen=Pictured%20only", "screen?screen=No")
    found = {path: dashboard.go(path) and dashboard.violations() for path in paths}

    assert {path: what for path, what in found.items() if what} == {}


def test_on_a_phone_nothing_is_wider_than_the_screen(dashboard: Dashboard) -> None:
    dashboard.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    for path in ("screens", "screen?screen=Home", f"screen?screen={quote(HOSTILE)}"):
        page = dashboard.go(path)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
