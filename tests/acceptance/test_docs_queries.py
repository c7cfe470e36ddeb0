"""The examples of ``docs/queries.md`` are questions, and the answers are what they get; those of
``docs/reading.md`` print what stands below them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.support.server import Server

_PAGE = Path(__file__).parents[2] / "docs" / "queries.md"
_READING = _PAGE.with_name("reading.md")
_FENCED = re.compile(r"^```(sh|python|text)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_BLOCK = re.compile(
    r"^<!-- (?P<kind>events|question|answer)(?:: (?P<path>\S+))? -->\n```json\n(?P<json>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)


class _Example(NamedTuple):
    path: str
    question: Any
    answer: Any


def _blocks() -> list[re.Match[str]]:
    return list(_BLOCK.finditer(_PAGE.read_text()))


def _examples() -> list[_Example]:
    asked = [block for block in _blocks() if block["kind"] != "events"]
    return [
        _Example(question["path"], json.loads(question["json"]), json.loads(answer["json"]))
        for question, answer in zip(asked[::2], asked[1::2], strict=True)
    ]


@pytest.fixture(scope="module")
def server(everybodys: Server) -> Server:
    """A server with what the page says was sent."""
    sent = (json.loads(block["json"]) for block in _blocks() if block["kind"] == "events")
    events = [event for some in sent for event in some]
    running = everybodys.in_new_project("Docs")
    alias = {"alias_id": "anon_1", "distinct_id": "user_1"}
    person = {"distinct_id": "user_2", "properties": {"company": "Acme"}}
    operations = [
        {"type": "alias", "payload": alias},
        {"type": "people", "payload": person},
        *({"type": "track", "payload": event} for event in events),
    ]
    answer = running.send("/api/v1/batch", {"operations": operations})
    assert answer.status_code == 200, answer.text
    running.wait_until(lambda: len(running.events()) == len(events))
    return running


def test_the_page_has_examples() -> None:
    assert len(_examples()) == _PAGE.read_text().count("<!-- question") > 0


@pytest.mark.parametrize("example", _examples(), ids=lambda example: example.path)
def test_an_example_is_answered_as_the_page_says(server: Server, example: _Example) -> None:
    answer = server.ask(example.path, example.question)

    assert answer.status_code == 200, answer.text
    assert answer.json() == example.answer


def _fenced(language: str) -> list[str]:
    return [text for found, text in _FENCED.findall(_READING.read_text()) if found == language]


def _printed(server: Server, directory: Path, *command: str) -> str:
    environment = os.environ | {"URL": server.url, "TOKEN": server.token}
    done = subprocess.run(
        command, env=environment, cwd=directory, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_the_program_prints_what_the_page_says(server: Server, tmp_path: Path) -> None:
    program = "\n\n".join(_fenced("python"))

    printed = _printed(server, tmp_path, sys.executable, "-c", program)

    assert printed == "".join(_fenced("text"))


@pytest.mark.parametrize("command", _fenced("sh"))
def test_a_command_is_answered(server: Server, tmp_path: Path, command: str) -> None:
    answer = json.loads(_printed(server, tmp_path, "sh", "-c", command))

    assert answer["ok"] is True
    assert answer.get("events") or answer.get("series")
