"""``/api/v1/boards``, through a running server."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.integration.web.api.conftest import Call
from tests.integration.web.api.test_questions import save

PATH = "/api/v1/boards"


def _tile(question: dict[str, Any], width: str = "half") -> dict[str, str]:
    return {"question_id": question["id"], "width": width}


def _make(call: Call, *tiles: dict[str, str], name: str = "Some", **params: Any) -> dict[str, Any]:
    made = call("POST", PATH, {"name": name, "tiles": list(tiles)}, **params)
    assert made.status_code == 201, made.text
    board: dict[str, Any] = made.json()["board"]
    return board


def test_a_board_has_its_questions_in_order(call: Call) -> None:
    first, second = save(call, {"name": "First"}), save(call, {"name": "Second"})
    tiles = [_tile(second, "full"), _tile(first)]
    board = _make(call, *tiles, name=" Morning ")

    assert (board["name"], board["tiles"]) == ("Morning", tiles)
    whole = call("GET", f"{PATH}/{board['id']}").json()
    assert whole["board"] == board
    assert [one["name"] for one in whole["questions"]] == ["Second", "First"]
    assert whole["questions"][0] == second | {"boards": [board["id"]]}
    assert board in call("GET", PATH).json()["boards"]


def test_a_change_leaves_what_it_does_not_name(call: Call) -> None:
    first, second = save(call), save(call)
    board = _make(call, _tile(first))
    path = f"{PATH}/{board['id']}"

    renamed = call("PATCH", path, {"name": "Evening"}).json()["board"]
    assert (renamed["name"], renamed["tiles"]) == ("Evening", board["tiles"])
    tiles = [_tile(second, "full"), _tile(first)]
    moved = call("PATCH", path, {"tiles": tiles}).json()["board"]
    assert (moved["name"], moved["tiles"]) == ("Evening", tiles)
    assert call("PATCH", path, {"tiles": []}).json()["board"]["tiles"] == []
    assert call("GET", path).json()["questions"] == []


def test_a_question_is_pinned_last_and_taken_off(call: Call) -> None:
    first, second = save(call), save(call)
    board = _make(call, _tile(first))
    path = f"{PATH}/{board['id']}"

    pinned = call("POST", f"{path}/tiles", _tile(second, "full")).json()["board"]
    assert pinned["tiles"] == [_tile(first), _tile(second, "full")]
    again = call("POST", f"{path}/tiles", {"question_id": first["id"]})
    assert again.json()["board"] == pinned
    left = call("DELETE", f"{path}/tiles/{first['id']}").json()["board"]
    assert left["tiles"] == [_tile(second, "full")]
    assert call("DELETE", f"{path}/tiles/{first['id']}").json()["board"] == left
    assert call("GET", f"/api/v1/questions/{first['id']}").json()["question"]["boards"] == []


def test_the_questions_of_a_board_that_is_deleted_stay(call: Call) -> None:
    question = save(call)
    board = _make(call, _tile(question))

    assert call("DELETE", f"{PATH}/{board['id']}").json() == {"ok": True}

    assert call("GET", f"{PATH}/{board['id']}").status_code == 404
    assert call("GET", f"/api/v1/questions/{question['id']}").json()["question"] == question


def _text(x: int, y: int, width: int, height: int) -> dict[str, Any]:
    return {"text": "A", "x": x, "y": y, "width": width, "height": height}


def test_a_board_in_a_grid_keeps_texts_and_what_it_asks(call: Call) -> None:
    question, other = save(call), save(call)
    grid = {"x": 0, "y": 2, "width": 12, "height": 5}
    asked = {
        "filters": [{"any": [{"property": "plan", "operator": "is", "value": ["pro", "team"]}]}],
        "breakdown": {"property": "plan", "limit": 3, "on": "person", "elements": False},
        "range": "2026-05-01..2026-05-31",
    }
    tiles = [_text(0, 0, 12, 2), {"question_id": question["id"], **grid}]
    made = call("POST", PATH, {"name": "Grid", "tiles": tiles, **asked}).json()["board"]
    path = f"{PATH}/{made['id']}"
    assert made["tiles"] == tiles
    assert asked.items() <= made.items()

    pinned = call("POST", f"{path}/tiles", {"question_id": other["id"]}).json()["board"]
    below = {"question_id": other["id"], "x": 0, "y": 7, "width": 6, "height": 7}
    assert pinned["tiles"] == [*tiles, below]
    changed = call("PATCH", path, {"breakdown": None}).json()["board"]
    assert changed | {"breakdown": asked["breakdown"]} == pinned | {
        "changed_at": changed["changed_at"]
    }
    refused = call("POST", f"{path}/tiles", {"text": "A"})
    assert refused.status_code == 400
    assert refused.json()["error"].startswith("question_id: is missing")


def _changes(path: str, tile: dict[str, str]) -> list[tuple[str, str, Any]]:
    return [
        ("PATCH", path, {"name": "Mine"}),
        ("PATCH", path, {"tiles": []}),
        ("POST", f"{path}/tiles", tile),
        ("DELETE", f"{path}/tiles/{tile['question_id']}", None),
        ("DELETE", path, None),
    ]


def test_a_viewer_looks_and_does_not_touch(call: Call, tokens: dict[str, str]) -> None:
    tile = _tile(save(call))
    board = _make(call, tile)
    path = f"{PATH}/{board['id']}"
    viewer = tokens["viewer"]

    for method, where, body in [("POST", PATH, {"name": "x"}), *_changes(path, tile)]:
        assert call(method, where, body, token=viewer).status_code == 403
    assert call("GET", path, token=viewer).json()["board"] == board
    assert board in call("GET", PATH, token=viewer).json()["boards"]


def test_nobody_sees_or_uses_the_boards_of_another_project_or_environment(
    call: Call, tokens: dict[str, str]
) -> None:
    tile = _tile(save(call))
    board = _make(call, tile, name="Secret")
    path = f"{PATH}/{board['id']}"
    elsewhere: list[dict[str, Any]] = [{"token": tokens["stranger"]}, {"environment": "test"}]

    for asker in elsewhere:
        assert "Secret" not in call("GET", PATH, **asker).text
        for method, where, body in [("GET", path, None), *_changes(path, tile)]:
            refused = call(method, where, body, **asker)
            assert refused.status_code == 404
            assert "Secret" not in refused.text
        own = _make(call, name="Own", **asker)
        stolen = [tile, _tile(save(call, **asker))]
        for method, where, body, field in (
            ("POST", PATH, {"name": "x", "tiles": stolen}, "tiles[0].question_id"),
            ("PATCH", f"{PATH}/{own['id']}", {"tiles": stolen[::-1]}, "tiles[1].question_id"),
        ):
            refused = call(method, where, body, **asker)
            assert refused.status_code == 400
            assert refused.json()["error"].startswith(f"{field}: there is no such question")
        assert call("POST", f"{PATH}/{own['id']}/tiles", tile, **asker).status_code == 404
        assert call("GET", f"{PATH}/{own['id']}", **asker).json()["questions"] == []
    assert call("GET", path).json()["board"] == board


def test_the_examples_of_the_docs_are_true(call: Call) -> None:
    page = (Path(__file__).parents[4] / "docs" / "queries.md").read_text()
    section = page.partition("\n## Saved questions and boards\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```json\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    question, answer, board, shown = blocks
    made = call("POST", "/api/v1/questions", json.loads(question)).json()
    said = json.loads(answer)
    here = (said["question"]["id"], made["question"]["id"])

    assert _unmarked(made["question"]) == _unmarked(said["question"])
    placed = call("POST", PATH, json.loads(board.replace(*here))).json()
    shown = json.loads(shown.replace(*here))
    assert _unmarked(placed["board"]) == _unmarked(shown["board"])


def _unmarked(thing: dict[str, Any]) -> dict[str, Any]:
    """Without what is another each time."""
    marks = ("id", "created_by", "created_at", "changed_by", "changed_at")
    assert all(thing[name] for name in marks)
    return {name: value for name, value in thing.items() if name not in marks}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "name: "),
        ({"name": "\n"}, "The name of a board"),
        ({"name": "x", "tiles": [{"question_id": "qst_x"}]}, "tiles[0].question_id: there is no"),
        ({"name": "x", "tiles": [{"question_id": 7}]}, "tiles[0].question_id: "),
        ({"name": "x", "tiles": [{"question_id": "a", "width": "third"}]}, "tiles[0].width: "),
        ({"name": "x", "tiles": [{"question_id": "a"}] * 2}, "tiles[1].question_id: is on the"),
        ({"name": "x", "tiles": [{"question_id": f"{n}"} for n in range(51)]}, "tiles: "),
        ({"name": "x", "tile": []}, "tile: "),
        ({"name": "x", "tiles": [{}]}, "tiles[0].question_id: is missing"),
        ({"name": "x", "tiles": [{"question_id": "a", "text": "b"}]}, "tiles[0].text: stands"),
        ({"name": "x", "tiles": [{"text": "a" * 5001}]}, "tiles[0].text: "),
        ({"name": "x", "tiles": [{"text": "a\0"}]}, "tiles[0].text: must have printable"),
        ({"name": "x", "tiles": [_text(0, 0, 6, 4), _text(5, 3, 2, 2)]}, "tiles[1]: overlaps til"),
        ({"name": "x", "tiles": [_text(0, 0, 6, 4), {"text": "a"}]}, "tiles[1]: all tiles of"),
        ({"name": "x", "tiles": [_text(7, 0, 6, 4)]}, "tiles[0]: a place lies within 12"),
        ({"name": "x", "tiles": [_text(0, 999, 2, 2)]}, "tiles[0]: a place lies within 12"),
        ({"name": "x", "tiles": [_text(0, 0, 1, 2)]}, "tiles[0]: a place lies within 12"),
        ({"name": "x", "tiles": [_text(-1, 0, 2, 2)]}, "tiles[0].x: "),
        ({"name": "x", "tiles": [_text(0, 0, 2, 61)]}, "tiles[0].height: "),
        ({"name": "x", "tiles": [{"text": "a", "width": 6}]}, "tiles[0]: in cells a tile has all"),
        ({"name": "x", "tiles": [{"text": "a", "x": 6}]}, "tiles[0].width: must be cells"),
        ({"name": "x", "filters": [{"property": "a", "operator": "so"}]}, "filters[0].operator: "),
        ({"name": "x", "filters": [{"cohort": "c", "operator": "in"}]}, "filters[0].cohort: there"),
        ({"name": "x", "breakdown": {"property": "a", "limit": 0}}, "breakdown.limit: "),
        ({"name": "x", "breakdown": {"property": ""}}, "breakdown.property: "),
        ({"name": "x", "range": "7x"}, "range: "),
    ],
)
def test_what_cannot_be_a_board_is_refused_with_the_field_at_fault(
    call: Call, body: dict[str, Any], error: str
) -> None:
    before = call("GET", PATH).json()

    refused = call("POST", PATH, body)

    assert refused.status_code == 400
    assert refused.json()["error"].startswith(error)
    assert call("GET", PATH).json() == before
