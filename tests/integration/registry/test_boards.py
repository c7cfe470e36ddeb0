"""Boards in the registry."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from whipstitch.core.errors import RegistryError, UnknownBoard, UnknownQuestion
from whipstitch.core.projects import Scope
from whipstitch.registry import boards
from whipstitch.registry.board_values import Asked, TextTile, Tile, TilePlace
from whipstitch.registry.store import Registry

ANN, BOB = "ann@example.com", "token …abcd"


@pytest.fixture
def scope(registry: Registry) -> Scope:
    return Scope(registry.create_project("Shop").project.id, "live")


def _save(registry: Registry, scope: Scope, name: str = "Paths") -> str:
    return registry.create_question(scope, ANN, name, "flows", {"event_name": "page_view"}).id


def test_a_board_has_its_questions_in_order(registry: Registry, scope: Scope) -> None:
    ids = [_save(registry, scope, name) for name in "abc"]
    tiles = (Tile(ids[2], "full"), Tile(ids[0]), Tile(ids[1]))
    made = registry.create_board(scope, ANN, " Morning ", tiles)

    assert (made.name, made.tiles) == ("Morning", tiles)
    found, questions = registry.find_board(scope, made.id)
    assert found == made
    assert [one.name for one in questions] == ["c", "a", "b"]
    assert registry.list_boards(scope) == [made]


def test_tiles_are_moved_resized_and_taken_off(registry: Registry, scope: Scope) -> None:
    a, b, c = (_save(registry, scope, name) for name in "abc")
    made = registry.create_board(scope, ANN, "Morning", [Tile(a), Tile(b)])

    for tiles in ([Tile(b), Tile(a)], [Tile(c), Tile(b, "full")], [Tile(a)], []):
        changed = registry.change_board(scope, made.id, BOB, tiles=tiles)
        assert changed.tiles == tuple(tiles)
        assert registry.find_board(scope, made.id)[0] == changed
    renamed = registry.change_board(scope, made.id, BOB, name="Evening")
    assert (renamed.name, renamed.created_by, renamed.changed_by) == ("Evening", ANN, BOB)


def test_a_question_is_pinned_at_the_end_and_once(registry: Registry, scope: Scope) -> None:
    a, b = _save(registry, scope, "a"), _save(registry, scope, "b")
    made = registry.create_board(scope, ANN, "Morning", [Tile(a)])

    pinned = registry.pin(scope, made.id, BOB, Tile(b, "full"))
    assert pinned.tiles == (Tile(a), Tile(b, "full"))
    assert pinned.changed_by == BOB
    assert registry.pin(scope, made.id, ANN, Tile(b, "half")) == pinned
    left = registry.unpin(scope, made.id, ANN, a)
    assert left.tiles == (Tile(b, "full"),)
    assert registry.unpin(scope, made.id, BOB, a) == left
    assert registry.pin(scope, made.id, ANN, Tile(a)).tiles == (Tile(b, "full"), Tile(a))


def test_tiles_in_a_grid_and_texts_keep_their_places_and_their_order(
    registry: Registry, scope: Scope
) -> None:
    a, b = _save(registry, scope, "a"), _save(registry, scope, "b")
    tiles = (
        TextTile("# Shop", place=TilePlace(0, 0, 12, 2)),
        Tile(a, place=TilePlace(0, 2, 8, 7)),
        TextTile("Beside", place=TilePlace(8, 2, 4, 7)),
    )
    asked = Asked(({"property": "plan", "operator": "is", "value": "pro"},), None, "7d")
    made = registry.create_board(scope, ANN, "Morning", tiles, asked)
    assert (made.tiles, made.asked) == (tiles, asked)

    pinned = registry.pin(scope, made.id, BOB, Tile(b, "full"))
    assert pinned.tiles == (*tiles, Tile(b, place=TilePlace(0, 9, 12, 7)))
    other = (TextTile("First"), Tile(b, "full"), TextTile("Last", "full"), Tile(a))
    changed = registry.change_board(scope, made.id, BOB, tiles=other)
    assert (changed.tiles, changed.asked) == (other, asked)
    found, questions = registry.find_board(scope, made.id)
    assert found == changed
    assert [one.name for one in questions] == ["b", "a"]
    registry.delete_question(scope, b)
    assert registry.list_boards(scope)[0].tiles == (other[0], *other[2:])
    cleared = registry.change_board(scope, made.id, BOB, tiles=[], asked=Asked())
    assert (cleared.tiles, cleared.asked) == ((), Asked())
    registry.delete_board(scope, made.id)


def test_pins_of_several_people_at_once_all_stay(registry: Registry, scope: Scope) -> None:
    ids = [_save(registry, scope) for _ in range(8)]
    made = registry.create_board(scope, ANN, "Morning")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda one: registry.pin(scope, made.id, ANN, Tile(one)), ids))

    assert set(registry.find_board(scope, made.id)[0].tiles) == {Tile(one) for one in ids}


def test_a_board_belongs_to_one_environment_of_one_project(
    registry: Registry, scope: Scope
) -> None:
    question = _save(registry, scope)
    other = Scope(registry.create_project("Blog").project.id, "live")
    made = registry.create_board(scope, ANN, "Morning", [Tile(question)])

    for elsewhere in (Scope(scope.project_id, "test"), other):
        assert registry.list_boards(elsewhere) == []
        for use in (
            lambda at: registry.find_board(at, made.id),
            lambda at: registry.change_board(at, made.id, BOB, name="Mine"),
            lambda at: registry.change_board(at, made.id, BOB, tiles=[]),
            lambda at: registry.pin(at, made.id, BOB, Tile(question)),
            lambda at: registry.unpin(at, made.id, BOB, question),
            lambda at: registry.delete_board(at, made.id),
        ):
            with pytest.raises(UnknownBoard):
                use(elsewhere)
        with pytest.raises(UnknownQuestion):
            registry.create_board(elsewhere, BOB, "Thieves", [Tile(question)])
        own = registry.create_board(elsewhere, BOB, "Own")
        with pytest.raises(UnknownQuestion):
            registry.pin(elsewhere, own.id, BOB, Tile(question))
        assert registry.list_boards(elsewhere) == [own]
    assert registry.list_boards(scope) == [made]


def test_questions_outlive_their_board(registry: Registry, scope: Scope) -> None:
    question = _save(registry, scope)
    made = registry.create_board(scope, ANN, "Morning", [Tile(question)])

    registry.delete_board(scope, made.id)

    assert registry.list_boards(scope) == []
    assert registry.find_question(scope, question).boards == ()
    with pytest.raises(UnknownBoard):
        registry.delete_board(scope, made.id)


def test_there_are_no_more_boards_and_tiles_than_may_be(
    registry: Registry, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boards, "MOST_BOARDS", 2)
    monkeypatch.setattr(boards, "MOST_TILES", 1)
    a, b = _save(registry, scope, "a"), _save(registry, scope, "b")
    made = registry.create_board(scope, ANN, "Morning", [Tile(a)])
    registry.create_board(Scope(scope.project_id, "test"), ANN, "Evening")

    with pytest.raises(RegistryError, match="at most 2"):
        registry.create_board(scope, ANN, "Night")
    with pytest.raises(RegistryError, match="at most 1"):
        registry.pin(scope, made.id, ANN, Tile(b))
    monkeypatch.setattr(boards, "MOST_TILES", 2)
    with pytest.raises(RegistryError, match="once"):
        registry.change_board(scope, made.id, ANN, tiles=[Tile(b), Tile(b)])
    assert registry.list_boards(scope) == [made]
