"""The commands in README.md and docs/ingestion.md, run as they stand."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.support.command import COMMAND
from tests.support.server import Server

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md"))
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    language: str
    text: str


class Example(NamedTuple):
    """Something to run, and the JSON that the page shows as its answer, if it does."""

    command: Block
    answer: str | None


def _examples(page: str, *languages: str) -> list[Example]:
    blocks = [Block(*found) for found in _BLOCK.findall((ROOT / page).read_text())]
    return [
        Example(block, after.text if after is not None and after.language == "json" else None)
        for block, after in zip(blocks, [*blocks[1:], None], strict=True)
        if block.language in languages
    ]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("readme") / "data") as running:
        yield running


def _run(text: str, server: Server, *command: str) -> str:
    values = {
        "URL": server.url,
        "KEY": server.live_key,
        "TOKEN": server.token,
        "WHIPSTITCH_DATA_DIR": str(server.data_dir),
        "PATH": f"{COMMAND.parent}:{os.environ['PATH']}",
    }
    done = subprocess.run(
        [*command, text], env=os.environ | values, capture_output=True, text=True, check=True
    )
    return done.stdout


def _curl(text: str, server: Server) -> str:
    return _run(text.replace("curl ", "curl --silent --show-error --fail ", 1), server, "sh", "-c")


def _shape(value: Any) -> Any:
    """A value without what differs from server to server: the texts and numbers."""
    if isinstance(value, dict):
        return {key: _shape(held) for key, held in value.items()}
    if isinstance(value, list):
        return [_shape(held) for held in value]
    return type(value).__name__ if isinstance(value, str) else value


@pytest.mark.parametrize(
    "example",
    _examples("docs/ingestion.md", "sh"),
    ids=lambda example: example.command.text.split("\n")[0][:50],
)
def test_an_example_is_answered_as_the_page_says(server: Server, example: Example) -> None:
    said = _curl(example.command.text, server)

    if example.answer is not None:
        assert _shape(json.loads(said)) == _shape(json.loads(example.answer))


def test_the_python_example_is_accepted(server: Server) -> None:
    (example,) = _examples("docs/ingestion.md", "python")

    assert json.loads(_run(example.command.text, server, sys.executable, "-c"))["ok"] is True


def test_the_first_steps_of_the_readme_lead_to_an_event(server: Server) -> None:
    send, read = (
        re.sub("sk_live_…", server.live_key, example.command.text)
        .replace("wst_…", server.token)
        .replace("http://127.0.0.1:8080", server.url)
        for example in _examples("README.md", "sh")
        if example.command.text.startswith("curl")
    )

    assert json.loads(_curl(send, server)) == {"ok": True, "commands": []}
    server.wait_until(lambda: bool(json.loads(_curl(read, server))["events"]))


def test_the_scripts_of_the_readme_can_be_run() -> None:
    named = [
        example.command.text.split()[0]
        for example in _examples("README.md", "sh")
        if example.command.text.startswith("scripts/")
    ]

    assert named == ["scripts/whipstitch", "scripts/test"]
    for script in named:
        assert os.access(ROOT / script, os.X_OK)


@pytest.mark.parametrize("page", [str(page.relative_to(ROOT)) for page in PAGES])
def test_links_to_other_pages_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text()

    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert ((ROOT / page).parent / target).is_file(), target


def test_every_command_of_the_pages_exists() -> None:
    text = "\n".join(page.read_text() for page in PAGES)
    named = set(re.findall(r"\bwhipstitch ((?:[a-z]+ )?[a-z]+)\b(?=[^\n]*`|\s+--)", text))
    known = subprocess.run([COMMAND, "--help"], capture_output=True, text=True, check=True).stdout

    for command in named:
        assert command.split()[0] in known, command
