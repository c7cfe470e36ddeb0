"""What templates and static files are made into."""

import re
from datetime import UTC, datetime
from importlib.resources import files

import pytest

from whipstitch.web.dashboard.installation import CityDatabase
from whipstitch.web.dashboard.rendering import Renderer, moment, number, size

HOSTILE = "\"'><script>alert(1)</script>"
FOLDER = files("whipstitch.web.dashboard")


def test_what_is_put_into_a_page_is_escaped() -> None:
    renderer = Renderer(lambda: CityDatabase(None, None, None))
    page = renderer.page("sign_in.html", {"next": HOSTILE, "email": HOSTILE, "error": HOSTILE})

    text = bytes(page.body).decode()
    assert "<script>alert" not in text
    assert text.count("&lt;script&gt;alert(1)") == 3
    assert "\"'>" not in text


def _sources(folder: str, ending: str) -> list[tuple[str, str]]:
    found = []
    waiting = [FOLDER / folder]
    while waiting:
        for one in waiting.pop().iterdir():
            if one.is_dir():
                waiting.append(one)
            elif one.name.endswith(ending):
                found.append((one.name, one.read_text()))
    return sorted(found)


@pytest.mark.parametrize(("name", "source"), _sources("templates", ".html"))
def test_no_template_holds_what_the_content_policy_forbids(name: str, source: str) -> None:
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", source), name
    assert not re.search(r"<script(?![^>]*\ssrc=)", source), name
    assert not re.search(r"\|\s*safe\b|autoescape false", source), name


@pytest.mark.parametrize(("name", "source"), _sources("static", ".js"))
def test_no_script_makes_markup_of_text_or_runs_text(name: str, source: str) -> None:
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
    assert not re.search(forbidden, source), name
    assert not re.search(r"""["'`]https?://(?!www\.w3\.org/2000/svg)""", source), name


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0 bytes"), (999, "999 bytes"), (3400, "3.4 kB"), (250e6, "250 MB"), (2e15, "2000.0 TB")],
)
def test_sizes_are_shown_in_units_for_people(count: float, shown: str) -> None:
    assert size(count) == shown


def test_numbers_and_moments_are_shown_for_people() -> None:
    assert number(1234567) == "1\u202f234\u202f567"
    at = datetime(2026, 5, 9, 22, 32, tzinfo=UTC)
    assert moment(at, "UTC") == "2026-05-09 22:32 UTC"
    assert moment(at, "Europe/Berlin") == "2026-05-10 00:32 Europe/Berlin"
