"""Saved questions in the registry."""

from typing import Any

import pytest

from whipstitch.core.errors import RegistryError, UnknownQuestion
from whipstitch.core.projects import Scope
from whipstitch.registry import questions
from whipstitch.registry.board_values import Question, Tile
from whipstitch.registry.store import Registry

QUERY = {"events": [{"event_name": "page_view", "math": "unique"}]}
ANN, BOB = "ann@example.com", "token …abcd"


@pytest.fixture
def scope(registry: Registry) -> Scope:
    return Scope(registry.create_project("Shop").project.id, "live")


def _save(registry: Registry, scope: Scope, name: str = "Visitors", **more: Any) -> Question:
    return registry.create_question(scope, ANN, name, "insights", QUERY, **more)


def test_a_question_is_kept_as_it_was_asked(registry: Registry, scope: Scope) -> None:
    view = {"chart": "bars", "compare": True, "hidden": [0, 2]}
    made = _save(registry, scope, " Visitors ", range_="7d", view=view)

    assert (made.name, made.surface, made.query) == ("Visitors", "insights", QUERY)
    assert (made.range, made.view, made.boards) == ("7d", view, ())
    assert (made.created_by, made.changed_by) == (ANN, ANN)
    assert made.created_at == made.changed_at
    assert registry.find_question(scope, made.id) == made
    assert registry.list_questions(scope) == [made]


def test_a_question_belongs_to_one_environment_of_one_project(
    registry: Registry, scope: Scope
) -> None:
    other = Scope(registry.create_project("Blog").project.id, "live")
    made = _save(registry, scope)

    for elsewhere in (Scope(scope.project_id, "test"), other):
        assert registry.list_questions(elsewhere) == []
        with pytest.raises(UnknownQuestion):
            registry.find_question(elsewhere, made.id)
        with pytest.raises(UnknownQuestion):
            registry.change_question(elsewhere, made.id, BOB, name="Mine")
        with pytest.raises(UnknownQuestion):
            registry.delete_question(elsewhere, made.id)
    assert registry.list_questions(scope) == [made]


def test_a_change_replaces_what_is_given_and_says_who_made_it(
    registry: Registry, scope: Scope
) -> None:
    made = _save(registry, scope, range_="7d", view={"chart": "bars"})
    renamed = registry.change_question(scope, made.id, BOB, name="Guests")

    assert (renamed.name, renamed.query, renamed.range) == ("Guests", QUERY, "7d")
    assert (renamed.created_by, renamed.changed_by) == (ANN, BOB)
    assert renamed.changed_at > made.changed_at
    query = {**QUERY, "from": "2026-05-01"}
    changed = registry.change_question(scope, made.id, ANN, query=query, range_=None, view={})
    assert (changed.name, changed.query) == ("Guests", query)
    assert (changed.range, changed.view) == (None, {})
    assert registry.find_question(scope, made.id) == changed
    with pytest.raises(RegistryError, match="name of a question"):
        registry.change_question(scope, made.id, ANN, name=" ")
    assert registry.find_question(scope, made.id) == changed


def test_a_question_that_is_deleted_leaves_its_boards(registry: Registry, scope: Scope) -> None:
    first, second = _save(registry, scope, "First"), _save(registry, scope, "Second")
    morning = registry.create_board(scope, ANN, "Morning", [Tile(first.id), Tile(second.id)])
    evening = registry.create_board(scope, ANN, "Evening", [Tile(first.id)])
    registry.create_board(scope, ANN, "Night", [Tile(second.id)])
    assert set(registry.find_question(scope, first.id).boards) == {morning.id, evening.id}

    assert registry.delete_question(scope, first.id) == ["Evening", "Morning"]

    assert registry.find_board(scope, evening.id)[0].tiles == ()
    assert registry.find_board(scope, morning.id)[0].tiles == (Tile(second.id),)
    assert [one.id for one in registry.list_questions(scope)] == [second.id]
    with pytest.raises(UnknownQuestion):
        registry.delete_question(scope, first.id)


def test_a_project_has_no_more_questions_than_may_be(
    registry: Registry, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "MOST_QUESTIONS", 2)
    _save(registry, scope)
    _save(registry, Scope(scope.project_id, "test"))

    with pytest.raises(RegistryError, match="at most 2"):
        _save(registry, scope)
