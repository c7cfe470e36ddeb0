"""Released clients in a browser, on a page of another origin: no error on the console, and what
was sent is stored, as whose."""

import functools
import http.server
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.support.clients import PROGRAMS, NodeClients
from tests.support.recordings import recorded
from tests.support.server import Server

PACKAGES = ("mixpanel-browser", "@amplitude/analytics-browser", "@snowplow/browser-tracker")


@pytest.fixture(scope="module")
def server(everybodys: Server) -> Server:
    return everybodys.in_new_project("Browser clients")


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return NodeClients(tmp_path_factory.mktemp("node"), *PACKAGES).modules


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the address that it is served under."""
    (tmp_path / "favicon.ico").touch()
    handler = functools.partial(_Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield tmp_path, f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def page(browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    """With what its console complains of."""
    opened = browser.new_context().new_page()
    complaints: list[str] = []
    opened.on(
        "console", lambda said: complaints.append(said.text) if said.type == "error" else None
    )
    opened.on("pageerror", lambda error: complaints.append(f"uncaught: {error}"))
    yield opened, complaints
    opened.context.close()


@pytest.mark.parametrize(
    ("product", "person", "before", "later"),
    [
        (
            "mixpanel",
            "mpb_user",
            ["$mp_web_page_view", "bought", "viewed"],
            ["after_reset", "leaving"],
        ),
        ("amplitude", "ampb_user", ["bought", "viewed"], ["after_reset"]),
        ("snowplow", "spb_user", ["$pageview", "bought"], []),
    ],
)
def test_a_browser_client_needs_only_host_and_key(
    server: Server,
    site: tuple[Path, str],
    page: tuple[Page, list[str]],
    modules: Path,
    product: str,
    person: str,
    before: list[str],
    later: list[str],
) -> None:
    folder, address = site
    shutil.copy(PROGRAMS / f"{product}.html", folder)
    (folder / "modules").symlink_to(modules)
    shown, complaints = page

    shown.goto(f"{address}/{product}.html#{server.url},{server.live_key}")
    expect(shown).to_have_title("done", timeout=20_000)
    shown.goto("about:blank")

    def stored(whom: str) -> list[str]:
        return sorted(one["event_name"] for one in server.events(distinct_id=whom))

    def strangers() -> list[str]:
        return sorted(
            one["event_name"]
            for one in server.events()
            if one["distinct_id"] != person and one["lib_version"].startswith(product)
        )

    server.wait_until(lambda: len(stored(person)) >= len(before))
    server.wait_until(lambda: len(strangers()) >= len(later))
    assert stored(person) == before
    assert strangers() == later, "after the reset it is somebody else"
    assert complaints == []


_CALLS = """async ([calls, url]) => {
    for (const { method, path, headers, body } of calls)
        await fetch(url + path, { method, headers, body, keepalive: true });
    const beacon = (path, type) =>
        navigator.sendBeacon(url + path, new Blob(['{"screen":"Home"}'], { type }));
    return [beacon("/api/v1/screens/heartbeat", "application/json")];
}"""


def test_a_page_that_calls_what_sankofas_sdk_calls_has_no_error(
    server: Server, site: tuple[Path, str], page: tuple[Page, list[str]]
) -> None:
    folder, address = site
    (folder / "page.html").write_text("<!doctype html><title>Shop</title>")
    shown, complaints = page
    shown.goto(f"{address}/page.html")
    settable = ("x-api-key", "content-type", "if-none-match", "x-session-id", "x-chunk-index")
    calls = [
        {
            "method": sent.method,
            "path": sent.path,
            "body": sent.body.decode("latin-1") if sent.method == "POST" else None,
            "headers": {
                name: server.live_key if name.lower() == "x-api-key" else value
                for name, value in sent.headers
                if name.lower() in settable
            },
        }
        for sent in recorded("sankofa-web")
        if sent.method != "OPTIONS"
    ]

    assert shown.evaluate(_CALLS, [calls, server.url]) == [True]

    server.wait_until(lambda: len(server.events(event_name="$screen_seen")) == 4)
    assert complaints == []
    views = server.get("/api/v1/screens", {"search": "Checkout"}).json()["screens"]
    assert [one["views"] for one in views] == [2]
