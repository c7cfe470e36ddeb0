"""Cursors that a client wrote itself, on every paged route."""

import base64
import json
from itertools import product
from typing import Any

import pytest
from tests.support.server import Server

_LISTS = ("events", "people", "aliases", "lexicon", "screens", "sessions")
_INTEGERS = (-1, -(2**63), 2**63 - 1, 2**63, 2**64 - 1, 2**64, 10**30)
_TEXTS = ("", "\0", "\\", "'); DROP TABLE events --", "\ud7ff\U0010ffff", "{x:String}", "\\N")
_RANGE = {"from": "1900-01-01", "to": "2300-01-01"}
_PAGES: dict[str, dict[str, Any]] = {
    "insights": {"events": [{"event_name": "x"}], "interval": "month", "people_of": {"series": 0}},
    "funnels": {"steps": [{"event_name": "x"}], "window_seconds": 60, "people_of": {"step": 1}},
}


def _cursors() -> list[str]:
    places: list[list[object]] = [[number] for number in _INTEGERS]
    places += [[text] for text in _TEXTS]
    places += [[number, text] for number, text in product(_INTEGERS, _TEXTS[:3])]
    places += [[None, text] for text in _TEXTS]
    places += [[number, 0, text] for number, text in product(_INTEGERS, _TEXTS[:3])]
    places += [[0, number, text] for number, text in product(_INTEGERS, _TEXTS[:3])]
    places += [[number, text, text] for number, text in product(_INTEGERS, _TEXTS)]
    written = [json.dumps(one).encode() for one in places]
    written.append(b"[" * 900)
    return [base64.urlsafe_b64encode(one).decode().rstrip("=") for one in written]


@pytest.mark.parametrize("path", _LISTS)
def test_no_cursor_of_a_list_makes_it_fail(server: Server, path: str) -> None:
    answers = {
        cursor: server.get(f"/api/v1/{path}", {"cursor": cursor, "limit": 1})
        for cursor in _cursors()
    }

    assert {answer.status_code for answer in answers.values()} <= {200, 400}
    refused = [answer for answer in answers.values() if answer.status_code == 400]
    assert len(refused) >= len(_INTEGERS)
    assert all(answer.json()["error"].startswith("cursor: ") for answer in refused)


@pytest.mark.parametrize("path", _PAGES)
def test_no_cursor_of_people_behind_a_number_makes_it_fail(server: Server, path: str) -> None:
    question = _PAGES[path] | _RANGE
    people_of = question["people_of"]
    answers = [
        server.ask(f"/api/v1/{path}", question | {"people_of": people_of | {"cursor": cursor}})
        for cursor in _cursors()
    ]

    assert {answer.status_code for answer in answers} == {200, 400}
