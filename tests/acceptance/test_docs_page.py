"""``/docs`` and ``/sign-in``: pages that work with no internet."""

import re
from pathlib import Path

import pytest
from tests.support.server import Server

# Namespaces of XML are names, not addresses.
_ELSEWHERE = re.compile(r"""(?:src|href|url)\s*[=:(]\s*["']?(?:https?:)?//(?!www\.w3\.org)""")


@pytest.fixture(scope="module")
def server(everybodys: Server) -> Server:
    return everybodys


@pytest.mark.parametrize("path", ["/sign-in", "/docs"])
def test_a_page_loads_nothing_from_elsewhere(server: Server, path: str) -> None:
    page = server.get(path)

    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert not _ELSEWHERE.search(page.text)
    # Whatever a script may want to load all the same, the browser is told to refuse.
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy


@pytest.mark.parametrize("path", ["/sign-in", "/docs"])
def test_all_that_a_page_names_is_there(server: Server, path: str) -> None:
    named = re.findall(r'(?:src|href)="(/[^"]*)"', server.get(path).text)

    assert named
    for part in named:
        assert server.get(part).status_code == 200, part


def test_the_documentation_reads_the_description_of_this_server(server: Server) -> None:
    started = server.get("/docs/start.js").text

    (url,) = re.findall(r'url: "([^"]*)"', started)
    assert server.get(url).json()["info"]["title"] == "Whipstitch"


def test_the_description_names_no_other_place(server: Server) -> None:
    assert "://" not in server.get("/openapi.json").text


def test_no_file_but_the_documentations_own_is_given_out(server: Server, tmp_path: Path) -> None:
    for name in ("../main.py", "%2e%2e%2fmain.py", "..%2f..%2f__init__.py", str(tmp_path)):
        assert server.get(f"/docs/{name}").status_code == 404
