"""The web client on a site of somebody else's, in a real browser: sent is stored, once."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect
from tests.support.browser import Dashboard
from tests.support.server import Server
from tests.support.site import Site, serving_site

SECONDS = 30
"""In which what waits has arrived: it is sent every 5 s, what another page was sending after 15."""


@pytest.fixture(scope="module")
def server(everybodys: Server) -> Server:
    return everybodys.in_new_project("Sites")


@pytest.fixture
def site() -> Iterator[Site]:
    with serving_site() as running:
        yield running


class Visitor:
    """Somebody's browser. ``complaints`` are what its console shows as errors."""

    def __init__(self, context: BrowserContext, site: Site) -> None:
        self.context = context
        self.site = site
        self.complaints: list[str] = []
        self.page = self.tab()

    def tab(self) -> Page:
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        page.on("console", self._heard)
        return page

    def open(self, path: str, page: Page | None = None, referer: str | None = None) -> Page:
        shown = page or self.page
        shown.goto(self.site.url + path, referer=referer)
        return shown

    def _heard(self, message: Any) -> None:
        if message.type == "error" and "net::ERR_" not in message.text:
            self.complaints.append(message.text)


@pytest.fixture
def visitor(browser: Browser, site: Site) -> Iterator[Visitor]:
    context = browser.new_context()
    visitor = Visitor(context, site)
    yield visitor
    context.close()
    assert visitor.complaints == []


@pytest.fixture
def tag(server: Server) -> Callable[..., str]:
    """A page with the script, its attributes as given, and what stands before the script."""

    def made(*attributes: str, before: str = "", key: str = "") -> str:
        more = " ".join(attributes)
        script = (
            f'<script defer src="{server.url}/w.js" data-key="{key or server.live_key}" {more}>'
        )
        return f"<!doctype html><title>Shop</title>{before}{script}</script><body>Hello"

    return made


def named(server: Server, mark: str) -> list[dict[str, Any]]:
    return [one for one in server.events() if one["properties"].get("mark") == mark]


def arrive(server: Server, mark: str, count: int, seconds: float = SECONDS) -> list[dict[str, Any]]:
    """The events that bear ``mark``, once so many are there."""
    server.wait_until(lambda: len(named(server, mark)) >= count, seconds)
    return named(server, mark)


def only_once(events: list[dict[str, Any]], count: int) -> None:
    numbers = Counter(one["properties"]["n"] for one in events)
    assert sorted(numbers) == list(range(count))
    assert {n: times for n, times in numbers.items() if times > 1} == {}


def test_a_page_tells_of_its_view_the_visit_and_how_it_was_left(
    server: Server, site: Site, visitor: Visitor, tag: Callable[..., str]
) -> None:
    site.html = tag()
    site.headers = {"Referrer-Policy": "unsafe-url"}
    page = visitor.open(
        "/pricing?utm_source=news&utm_campaign=may&gclid=abc&email=ada@example.com",
        referer="https://search.example/find?q=secret",
    )
    page.evaluate("history.pushState(null, '', '/docs')")
    page.evaluate("history.replaceState(null, '', '/docs?tab=2')")
    page.go_back()
    page.evaluate("whipstitch.track('done', {mark: 'visit'})")
    (done,) = arrive(server, "visit", 1)
    mine = [e for e in server.events() if e["distinct_id"] == done["distinct_id"]]
    views = [e for e in reversed(mine) if e["event_name"] == "$pageview"]
    assert [e["properties"]["$pathname"] for e in views] == ["/pricing", "/docs", "/pricing"]
    left = [e["properties"] for e in mine if e["event_name"] == "$pageleave"]
    assert sorted(one["$pathname"] for one in left) == ["/docs", "/pricing"]
    assert all(0 <= one["$prev_pageview_duration"] < 60 for one in left)
    assert all(one["$prev_pageview_max_scroll_percentage"] == 1 for one in left)
    assert done["distinct_id"].startswith("anon_")
    assert len({e["session_id"] for e in mine} - {""}) == 1
    first = views[0]["properties"]
    assert first["$current_url"] == f"{site.url}/pricing"
    assert first["$referring_domain"] == "search.example"
    assert "secret" not in str(mine)
    assert "ada@" not in str(mine)
    traits = server.get(f"/api/v1/people/{done['distinct_id']}").json()["person"]["properties"]
    assert traits["$initial_pathname"] == "/pricing"
    assert traits["$initial_utm_source"] == "news"
    assert traits["$initial_referring_domain"] == "search.example"
    for one in (first, done["properties"]):
        assert (one["utm_source"], one["utm_campaign"], one["gclid"]) == ("news", "may", "abc")


def test_the_settings_show_the_line_and_say_when_the_first_event_arrived(
    server: Server, site: Site, visitor: Visitor, dashboard: Dashboard
) -> None:
    settings = dashboard.go("settings/snippets", "test")
    state = settings.locator("#arrival")
    expect(state).to_have_text("Waiting for the first event …")
    line = settings.locator("pre", has_text="w.js").inner_text()
    assert server.test_key in line
    python = settings.locator("pre", has_text="import Client").inner_text()
    assert f'Client("{server.test_key}", host="{server.url}")' in python
    site.html = line
    visitor.open("/first")
    server.wait_until(lambda: bool(server.events(environment="test")))
    expect(state).to_contain_text("The first event arrived: $pageview", timeout=2000)
    assert dashboard.violations() == []


def test_a_reload_and_another_tab_are_the_same_visit_and_identify_and_reset_change_the_person(
    server: Server, site: Site, visitor: Visitor, tag: Callable[..., str]
) -> None:
    site.html = tag(
        before="<script>(window.whipstitch = window.whipstitch || [])"
        ".push(['track', 'early', {mark: 'people', n: 0}])</script>"
    )
    page = visitor.open("/a")
    page.reload()
    other = visitor.open("/b", visitor.tab())
    other.evaluate("whipstitch.track('signed_in', {mark: 'people', n: 1})")
    other.evaluate("whipstitch.identify('user_7', {plan: 'pro'})")
    page.evaluate("whipstitch.track('known', {mark: 'people', n: 2})")
    page.evaluate("whipstitch.identify('user_7')")
    page.evaluate("whipstitch.reset()")
    page.evaluate("whipstitch.track('after', {mark: 'people', n: 3})")
    found = arrive(server, "people", 6)
    by_name = {one["event_name"]: one for one in found}
    people = {one["distinct_id"] for one in found if one["event_name"] != "after"}
    assert people == {"user_7"}
    after = by_name["after"]
    assert after["distinct_id"].startswith("anon_")
    assert after["session_id"] != by_name["known"]["session_id"]
    assert len({one["session_id"] for one in found}) == 2
    person = server.get("/api/v1/people/user_7").json()["person"]
    assert person["properties"]["plan"] == "pro"
    assert after["distinct_id"] not in person["aliases"]


def test_what_is_odd_does_not_harm_the_page_and_takes_nothing_else_along(
    server: Server, site: Site, visitor: Visitor, tag: Callable[..., str]
) -> None:
    site.html = tag(before="<script>whipstitch = [null, 5, ['nothing'], ['track']]</script>")
    page = visitor.open("/odd")
    page.evaluate(
        """() => {
          const ring = {}; ring.ring = ring;
          const w = whipstitch;
          w.track('odd', {mark: 'odd', n: 0, big: 10n, nothing: undefined, f() {}, nan: NaN});
          w.track('odd', ring); w.track(); w.track(null); w.track(''); w.track({}); w.track([]);
          w.track('odd', {mark: 'odd', n: 1, get x() { throw new Error('no'); }});
          w.track('odd', 'text'); w.track('odd', [1]); w.track('odd', null);
          w.identify(); w.identify(null); w.identify(''); w.identify({}); w.identify(NaN);
          w.people(); w.people('x'); w.people([]); w.push(); w.push(1, ['x'], null);
          w.track('odd', {mark: 'odd', n: 2, cut: '\\ud83d'});
          w.track(7, {mark: 'odd', n: 3});
          w.track('odd', {mark: 'odd', n: 4, long: 'x'.repeat(200000)});
        }"""
    )
    found = arrive(server, "odd", 4)
    assert sorted(one["properties"]["n"] for one in found) == [0, 2, 3, 4]
    assert next(one for one in found if one["properties"]["n"] == 3)["event_name"] == "7"


def test_quick_navigation_loses_nothing_and_a_repeat_is_known_by_its_id(
    server: Server, site: Site, visitor: Visitor, tag: Callable[..., str]
) -> None:
    """A page that goes cannot hear that the server has what it sent: the next one sends it again,
    under the same id."""
    sent: list[tuple[int, str]] = []

    def note(request: Request) -> None:
        operations = json.loads(request.post_data or "{}").get("operations", [])
        payloads = [one["payload"] for one in operations if one["type"] == "track"]
        sent.extend(
            (one["properties"]["n"], one["message_id"])
            for one in payloads
            if one["event_name"] == "quick"
        )

    visitor.page.on("request", note)
    site.html = tag()
    n = 0
    for number in range(30):
        page = visitor.open(f"/quick/{number}")
        for _ in range(4 if number < 10 else 3):
            page.evaluate(f"whipstitch.track('quick', {{mark: 'quick', n: {n}}})")
            n += 1
    assert n == 100
    arrive(server, "quick", 100)
    visitor.page.wait_for_function("!Object.keys(localStorage).some((k) => /\\.q/.test(k))")
    server.wait_until(
        lambda: {one["properties"]["n"] for one in named(server, "quick")} == set(range(100))
    )
    only_once(named(server, "quick"), 100)
    assert len({n for n, _ in sent}) == len(set(sent)) == 100


def test_offline_and_back(
    server: Server, site: Site, visitor: Visitor, tag: Callable[..., str]
) -> None:
    site.html = tag()
    page = visitor.open("/offline")
    visitor.context.set_offline(True)
    page.evaluate("for (let n = 0; n < 250; n++) whipstitch.track('off', {mark: 'off', n})")
    page.wait_for_timeout(3000)
    assert named(server, "off") == []
    visitor.context.set_offline(False)
    arrive(server, "off", 250)
    page.wait_for_timeout(2500)
    only_once(named(server, "off"), 250)


def test_two_tabs_share_a_queue_and_send_each_event_once(
    server: Server, site: Site, visitor: Visitor, tag: Callable[..., str]
) -> None:
    site.html = tag()
    tabs = [visitor.open("/one"), visitor.open("/two", visitor.tab())]
    for n in range(100):
        tabs[n % 2].evaluate(f"whipstitch.track('tabs', {{mark: 'tabs', n: {n}}})")
    for one in tabs:
        one.evaluate("whipstitch.flush(), whipstitch.flush()")
    arrive(server, "tabs", 100)
    tabs[0].wait_for_timeout(2500)
    only_once(named(server, "tabs"), 100)


def test_a_server_that_is_killed_and_comes_back_has_it_all(
    tmp_path: Path, browser: Browser, site: Site
) -> None:
    with Server(tmp_path / "data") as server:
        site.html = f'<script defer src="{server.url}/w.js" data-key="{server.live_key}"></script>'
        visitor = Visitor(browser.new_context(), site)
        page = visitor.open("/killed")
        page.evaluate(
            """() => { window.n = 0; setInterval(
                 () => { if (n < 300) whipstitch.track('kill', {mark: 'kill', n: n++});
                         if (n % 20 == 0) whipstitch.flush(); }, 10) }"""
        )
        page.wait_for_function("n > 60")
        server.kill()
        page.wait_for_function("n >= 300")
        server.start()
        arrive(server, "kill", 300, 60)
        visitor.context.close()
        assert visitor.complaints == []
        only_once(named(server, "kill"), 300)


def test_who_does_not_want_to_be_tracked_is_not(
    server: Server, site: Site, browser: Browser, tag: Callable[..., str]
) -> None:
    site.html = tag()
    context = browser.new_context()
    context.add_init_script("Object.defineProperty(navigator, 'doNotTrack', {value: '1'})")
    visitor = Visitor(context, site)
    requests: list[str] = []
    visitor.page.on("request", lambda one: requests.append(one.url))
    page = visitor.open("/private")
    page.evaluate("whipstitch.track('private', {mark: 'private', n: 0})")
    page.wait_for_timeout(1500)
    assert page.evaluate("Object.keys(localStorage)") == []
    assert not [url for url in requests if "/api/" in url]
    page.evaluate("whipstitch.optIn(), whipstitch.track('in', {mark: 'private', n: 1})")
    arrive(server, "private", 1)
    page.evaluate("whipstitch.track('out', {mark: 'private', n: 2}), whipstitch.optOut()")
    page.evaluate("whipstitch.track('out', {mark: 'private', n: 3})")
    page.reload()
    page.wait_for_timeout(6500)
    kept = page.evaluate("Object.entries(localStorage)")
    assert [value for _, value in kept] == ["1"]
    assert [one["properties"]["n"] for one in named(server, "private")] == [1]
    context.close()
    assert visitor.complaints == []


def test_without_cookies_nothing_is_stored_and_a_visitor_is_one_for_the_day(
    server: Server, site: Site, browser: Browser, tag: Callable[..., str]
) -> None:
    site.html = tag("data-cookieless")
    agents = ["Mozilla/5.0 (X11; Linux) One", "Mozilla/5.0 (X11; Linux) Two"]
    for agent in (*agents, agents[0]):
        context = browser.new_context(user_agent=agent)
        visitor = Visitor(context, site)
        page = visitor.open("/cookieless")
        page.evaluate("whipstitch.track('seen', {mark: 'none'})")
        page.evaluate("whipstitch.flush()")
        page.wait_for_timeout(300)
        assert page.evaluate("[...Object.keys(localStorage), document.cookie].join('')") == ""
        context.close()
        assert visitor.complaints == []
    found = arrive(server, "none", 3)
    ids = [one["distinct_id"] for one in found]
    assert all(one.startswith("cookieless_") for one in ids)
    assert sorted(Counter(ids).values()) == [1, 2]


def test_a_page_with_a_strict_policy_and_the_script_twice(
    server: Server, site: Site, visitor: Visitor, tag: Callable[..., str]
) -> None:
    site.html = tag() + tag()
    site.headers = {
        "Content-Security-Policy": f"default-src 'none'; script-src {server.url}; "
        f"connect-src {server.url}; require-trusted-types-for 'script'",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Embedder-Policy": "require-corp",
    }
    page = visitor.open("/strict")
    page.evaluate("whipstitch.track('strict', {mark: 'strict', n: 0})")
    (found,) = arrive(server, "strict", 1)
    mine = server.events(distinct_id=found["distinct_id"])
    assert sorted(one["event_name"] for one in mine) == ["$pageview", "strict"]


def test_what_was_sent_long_ago_without_an_answer_is_not_sent_again(
    server: Server, site: Site, visitor: Visitor, tag: Callable[..., str]
) -> None:
    site.html = "<!doctype html>"
    page = visitor.open("/long-ago")
    page.evaluate(
        """(prefix) => {
             const put = (name, n, days) => {
               const time = (Date.now() - days * 864e5).toString(36);
               localStorage[prefix + 'q' + time] = JSON.stringify({type: 'track', payload: {
                 event_name: 'old', distinct_id: 'user_9', properties: {mark: 'old', n}}});
               return 'q' + time;
             };
             localStorage[prefix + 'sent'] = `${Date.now() - 3 * 864e5} ${put('a', 0, 3)}`;
             put('b', 1, 2.5);
             put('c', 2, 8);
           }""",
        f"ws.{server.live_key[-8:]}.",
    )
    site.html = tag()
    page.reload()
    arrive(server, "old", 1)
    overflow = server.events(event_name="$queue_overflow")
    assert [one["properties"]["lost"] for one in overflow] == [1]
    assert [one["properties"]["n"] for one in named(server, "old")] == [1]


def test_where_storage_is_blocked_a_page_still_tells(
    server: Server, site: Site, browser: Browser, tag: Callable[..., str]
) -> None:
    site.html = tag()
    # A sandbox without an origin: storage, cookies and locks raise.
    site.headers = {"Content-Security-Policy": "sandbox allow-scripts"}
    visitor = Visitor(browser.new_context(), site)
    page = visitor.open("/blocked")
    page.wait_for_function("window.whipstitch")
    page.evaluate("whipstitch.track('blocked', {mark: 'blocked', n: 0})")
    arrive(server, "blocked", 1)
    page.evaluate("whipstitch.track('blocked', {mark: 'blocked', n: 1})")
    page.goto("about:blank")
    arrive(server, "blocked", 2)
    visitor.context.close()
    assert visitor.complaints == []


def test_clicks_on_links_away_on_files_and_positions(
    server: Server, site: Site, visitor: Visitor, tag: Callable[..., str]
) -> None:
    site.html = tag("data-clicks") + (
        '<a id="away" href="https://other.example/x?token=1"><b>away</b></a> '
        '<a id="file" href="/files/list.pdf?x=1">file</a> <a id="here" href="#top">here</a>'
        "<div style='height: 3000px'></div><input id='secret' value='hunter2'>"
        "<script>addEventListener('click', (e) => e.preventDefault())</script>"
    )
    page = visitor.open("/links")
    page.click("#away b")
    page.click("#file")
    page.click("#here")
    page.click("#secret")
    page.evaluate("whipstitch.track('end', {mark: 'links'})")
    (end,) = arrive(server, "links", 1)
    mine = server.events(distinct_id=end["distinct_id"])
    about = {one["event_name"]: one["properties"] for one in mine}
    assert about["$outbound_link"]["url"] == "https://other.example/x"
    assert about["$file_download"]["url"] == f"{site.url}/files/list.pdf"
    clicks = [one["properties"] for one in mine if one["event_name"] == "$click"]
    assert len(clicks) == 4
    assert max(one["$scroll_y"] for one in clicks) > 1000
    assert "hunter2" not in str(mine)
    heat = server.ask(
        "/api/v1/heatmaps",
        {"screen": "/links", "from": "2020-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"},
    ).json()
    assert (heat["taps"], heat["unplaced"]) == (4, 0)


def test_one_operation_that_the_server_refuses_takes_no_other_along(
    server: Server, site: Site, visitor: Visitor, tag: Callable[..., str]
) -> None:
    site.html = tag()
    page = visitor.open("/bad")
    page.evaluate("for (let n = 0; n < 60; n++) whipstitch.track('bad', {mark: 'bad', n})")
    page.evaluate(
        """() => { const k = Object.keys(localStorage).filter((k) => /\\.q/.test(k)).sort()[30];
             localStorage.setItem(k, '{"type":"nonsense","payload":{}}') }"""
    )
    arrive(server, "bad", 59)
    page.wait_for_function("!Object.keys(localStorage).some((k) => /\\.q/.test(k))")
    visitor.complaints = [one for one in visitor.complaints if "status of 400" not in one]
