"""What people say of names, in the registry."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from whipstitch.core.errors import NameInUse, RegistryError, UnknownMeaning
from whipstitch.core.projects import Scope
from whipstitch.registry import meanings
from whipstitch.registry.board_values import Asked
from whipstitch.registry.meaning_values import Meaning, MeaningKind
from whipstitch.registry.meanings import MeaningChange
from whipstitch.registry.store import Registry

NOW = datetime(2026, 5, 9, 14, 32, 1, 482000, UTC)


@pytest.fixture
def project(registry: Registry) -> str:
    return registry.create_project("Shop").project.id


def _fine(_virtual: Sequence[Meaning]) -> None:
    """Nothing is against it."""


def _say(
    registry: Registry, project: str, name: str, kind: MeaningKind = "event", **said: Any
) -> Meaning:
    change = MeaningChange(**said)
    return registry.change_meaning(project, "ann@example.com", kind, name, change, _fine)


def test_what_is_said_of_a_name_stays_until_it_is_said_otherwise(
    registry: Registry, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_now", lambda: NOW)
    other = registry.create_project("Blog").project.id
    said = _say(registry, project, "tap", description="A tap.", tags=["ui"], is_verified=True)

    assert (said.verified_by, said.verified_at) == ("ann@example.com", NOW)
    assert (said.display_name, said.is_hidden, said.is_virtual) == (None, False, False)
    changed = _say(registry, project, "tap", is_hidden=True, display_name="Tap")
    assert (changed.description, changed.tags, changed.verified_at) == ("A tap.", ("ui",), NOW)
    assert (changed.is_hidden, changed.display_name) == (True, "Tap")
    assert _say(registry, project, "tap", is_verified=False).verified_by is None
    _say(registry, project, "tap", "property", description="How.")

    assert [(one.kind, one.name) for one in registry.list_meanings(project)] == [
        ("event", "tap"),
        ("property", "tap"),
    ]
    assert registry.list_meanings(other) == []
    registry.delete_meaning(project, "event", "tap")
    assert [one.kind for one in registry.list_meanings(project)] == ["property"]
    with pytest.raises(UnknownMeaning):
        registry.delete_meaning(other, "property", "tap")


def test_what_is_against_a_virtual_name_keeps_it_out(registry: Registry, project: str) -> None:
    def check(virtual: Sequence[Meaning]) -> None:
        raise RegistryError(f"not {virtual[0].name}")

    with pytest.raises(RegistryError, match="not join"):
        registry.change_meaning(
            project, "ann", "event", "join", MeaningChange(any_of=[{"event_name": "a"}]), check
        )

    assert registry.list_meanings(project) == []


def test_a_virtual_name_that_something_uses_stays(registry: Registry, project: str) -> None:
    live, test = Scope(project, "live"), Scope(project, "test")
    _say(registry, project, "join", any_of=[{"event_name": "signup"}])
    _say(registry, project, "price", "property", expression="amount / 100")
    _say(registry, project, "all", any_of=[{"event_name": "join"}])
    _say(registry, project, "vat", "property", expression="price * 0.2")
    query = {"events": [{"event_name": "join", "math": "sum", "property": "price"}]}
    question = registry.create_question(live, "ann", "Joins", "insights", query)
    excluding = registry.create_question(
        live, "ann", "Paths", "flows", {"event_name": None, "exclude": ["join"]}
    )
    priced = {"property": "price", "operator": "is_set"}
    definition = {"all": [{"did": "join", "filters": [priced]}]}
    cohort = registry.create_cohort(test, "Joined", "dynamic", definition)

    with pytest.raises(
        NameInUse,
        match="join is used by the event all, the question Joins, the question Paths, the cohort J",
    ):
        registry.delete_meaning(project, "event", "join")
    with pytest.raises(NameInUse, match="the property vat, the question Joins, the cohort Joined"):
        registry.delete_meaning(project, "property", "price")
    with pytest.raises(NameInUse):
        _say(registry, project, "join", any_of=None)
    _say(registry, project, "join", any_of=[{"event_name": "user_signed_up"}])

    board = registry.create_board(live, "ann", "Morning")
    registry.change_board(live, board.id, "ann", asked=Asked((priced,)))
    with pytest.raises(NameInUse, match="the board Morning"):
        registry.delete_meaning(project, "property", "price")

    registry.delete_board(live, board.id)
    registry.delete_question(live, question.id)
    registry.delete_question(live, excluding.id)
    registry.delete_cohort(test, cohort.id)
    registry.delete_meaning(project, "event", "all")
    registry.delete_meaning(project, "property", "vat")
    registry.delete_meaning(project, "event", "join")
    _say(registry, project, "price", "property", expression=None)
    assert registry.virtual_meanings(project) == []


def test_a_project_has_no_more_names_than_may_be(
    registry: Registry, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meanings, "MOST_MEANINGS", 2)
    monkeypatch.setattr(meanings, "MOST_VIRTUAL", 1)
    _say(registry, project, "join", any_of=[{"event_name": "signup"}])

    with pytest.raises(RegistryError, match="at most 1 virtual"):
        _say(registry, project, "price", "property", expression="1")
    _say(registry, project, "tap")
    with pytest.raises(RegistryError, match="At most 2 names"):
        _say(registry, project, "page")
