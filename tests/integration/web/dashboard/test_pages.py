"""Every page: its headers, its weight, its escaping."""

import re

import httpx
import pytest
from tests.integration.web.dashboard.conftest import Visit
from tests.support.mmdb import SWITZERLAND, write_mmdb
from tests.support.server import Server

from whipstitch import __version__
from whipstitch.web.dashboard.pages import PAGES
from whipstitch.web.dashboard.settings import SECTIONS

ALL = [page.slug for page in PAGES] + [f"settings/{section.slug}" for section in SECTIONS]
MOST_BYTES = 150_000


@pytest.mark.parametrize("page", ALL)
def test_a_page_tells_the_browser_what_to_refuse(visit: Visit, page: str) -> None:
    answer = visit().get(page)

    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]* src=)", answer.text)


def test_the_menu_of_the_account_names_the_version(visit: Visit) -> None:
    assert f"<li>Whipstitch {__version__}</li>" in visit().get("events").text


@pytest.mark.parametrize("page", ALL)
def test_a_page_with_all_that_it_loads_is_light(visit: Visit, page: str) -> None:
    visitor = visit()
    answer = visitor.get(page)
    weight, waiting, loaded = len(answer.content), _named(answer.text), set[str]()

    while waiting:
        name = waiting.pop()
        if name in loaded:
            continue
        loaded.add(name)
        part = visitor.client.get(name)
        assert part.status_code == 200, name
        assert part.headers["cache-control"].endswith("immutable")
        assert part.headers["content-encoding"] == "gzip"
        weight += part.num_bytes_downloaded
        folder = name.rpartition("/")[0]
        imported = re.findall(r'(?:from |import\()"\./([^"]+)"', part.text)
        waiting |= {f"{folder}/{one}" for one in imported}

    assert weight < MOST_BYTES


def test_a_browser_that_unpacks_nothing_gets_files_as_they_are(
    server: Server, visit: Visit
) -> None:
    (style,) = (name for name in _named(visit().get("people").text) if name.endswith("style.css"))

    with httpx.Client(base_url=server.url, trust_env=False, timeout=60) as client:
        plain = client.get(style, headers={"accept-encoding": "identity"})
        packed = client.get(style, headers={"accept-encoding": "br, gzip"})

    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == packed.headers["vary"] == "accept-encoding"
    assert plain.content == packed.content
    assert packed.num_bytes_downloaded < len(plain.content) / 2


def test_pages_that_are_not_there_say_so_as_a_page(server: Server, visit: Visit) -> None:
    visitor = visit()
    for path in ("/p/proj_x/live/events", f"{visitor.place}/nothing", f"{visitor.place}x/people"):
        answer = visitor.client.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")
        assert "content-security-policy" in answer.headers
    assert visitor.client.get("/static/x/../../app.py").status_code == 404
    assert (
        httpx.get(f"{server.url}/static/x/nothing.js", trust_env=False, timeout=60).status_code
        == 404
    )


def test_a_hostile_name_of_a_project_is_text_everywhere(server: Server, visit: Visit) -> None:
    visitor = visit()
    name = "\"><script src=//evil.example></script>'"
    before = {"do": "save", "domains": "", "ips": "", "rate_limit": "", "timezone": "UTC"}
    assert visitor.post("settings/project", name=name, **before).status_code == 303

    try:
        for page in ("events", "settings/project", "settings/snippets"):
            text = visitor.get(page).text
            assert "<script src=//" not in text
            assert "&lt;script src=//evil.example&gt;" in text
    finally:
        visitor.post("settings/project", name="My project", **before)
    assert server.project_id in visitor.get("settings/project").text


def _named(page: str) -> set[str]:
    return set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page))


def test_pages_say_whose_the_places_are_where_these_are_of_dbip(
    server: Server, visit: Visit
) -> None:
    database = server.data_dir / "geoip" / "city.mmdb"
    visitor = visit("viewer")
    assert "IP Geolocation by DB-IP" not in visitor.get("web").text
    database.parent.mkdir(exist_ok=True)
    write_mmdb(database, {"8.8.8.0/24": SWITZERLAND}, database_type="DBIP-Country-Lite")
    try:
        server.wait_until(lambda: 'href="https://db-ip.com"' in visitor.get("web").text)
    finally:
        database.unlink()
