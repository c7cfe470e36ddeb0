"""Aliases in numbers: they wait behind what others sent, and lose nothing by it."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.folder import Folder
from tests.support.segments import alias, event, trait, write_segment
from tests.support.stitching import LIVE, Node, started_node, until

from whipstitch.core.errors import StorageRefused, StorageUnavailable
from whipstitch.core.projects import Scope
from whipstitch.identity.arrivals import Named, RowCorrections
from whipstitch.journal.dead_letters import DeadLetters
from whipstitch.journal.segments import lasting_name
from whipstitch.loader.inserts import Inserts
from whipstitch.loader.loader import Loader
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.connection import Address

OTHER = Scope("proj_b", "live")
MOST = 20
_CHUNK = 200
"""More aliases than are read at once."""


def _nothing(*_: object) -> None:
    pass


class Linking:
    """Stands before the linker, and notes how many aliases of whom it takes at once. ``then`` is
    called after each time, ``before`` before."""

    def __init__(self, node: Node) -> None:
        self.taken: list[dict[Scope, int]] = []
        self._node = node
        self.before: Callable[[Named], None] = _nothing
        self.then: Callable[[], None] = _nothing

    def link(self, client: Client, named: Named) -> RowCorrections:
        self.before(named)
        corrections = self._node.linker.link(client, named)
        self.taken.append({scope: len(said) for scope, said in named.aliases.items()})
        self.then()
        return corrections


@pytest.fixture
def node(store_address: Address, tmp_path: Path) -> Iterator[Node]:
    with started_node(store_address, tmp_path) as started:
        yield started


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@contextmanager
def loading(node: Node, journal: Path, linking: Linking, patience: float = 5) -> Iterator[Loader]:
    loader = Loader(
        Folder(journal),
        Inserts(node.store, linking),  # type: ignore[arg-type]
        DeadLetters(journal.parent / "deadletters"),
        scratch=journal.parent / "scratch",
        spacing=0.05,
        most_aliases=MOST,
    )
    loader.start()
    try:
        yield loader
    finally:
        loader.drain(patience)


def _many(first: int, count: int, **fields: Any) -> list[bytes]:
    return [alias(n, f"anon_{n}", f"user_{n % 50}", **fields) for n in range(first, first + count)]


def _emptied(journal: Path) -> bool:
    return not any(journal.glob("*.jsonl"))


def test_what_others_send_does_not_wait_for_them(node: Node, journal: Path) -> None:
    linking = Linking(node)
    write_segment(journal, [event(1), *_many(1_000, 2_000), event(2, distinct_id="anon_1001")], 1)
    later = [
        event(10, project_id=OTHER.project_id),
        alias(11, "phone", "ada", project_id=OTHER.project_id),
    ]
    seen: list[int] = []

    def then() -> None:
        if len(linking.taken) == 2:
            write_segment(journal, later, 2)
        if any(OTHER in taken for taken in linking.taken):
            seen.append(len(linking.taken))

    linking.then = then
    with loading(node, journal, linking):
        until(lambda: _emptied(journal))

    assert max(max(taken.values(), default=0) for taken in linking.taken) <= MOST + _CHUNK
    # The other project's came while some of the first one's were still to be taken.
    assert 2 < seen[0] < len(linking.taken)
    assert node.ids(OTHER) == {"phone": ("ada", "ada", node.ids(OTHER)["phone"][2])}
    assert len(node.ids()) == 2_000
    assert node.shown() == {("user_1", ""): 1, ("user_1", "anon_1001"): 1}


def test_the_order_of_a_project_stays(node: Node, journal: Path) -> None:
    """Its later aliases wait, too, though they are few; the first one of an id wins."""
    linking = Linking(node)
    write_segment(journal, _many(1_000, 500), 1)
    write_segment(journal, [alias(5_000, "anon_1499", "too late"), event(5_001)], 2)
    write_segment(journal, [alias(5_002, "anon_1400", "too late", environment="test")], 3)
    with loading(node, journal, linking):
        until(lambda: _emptied(journal))
    assert node.ids()["anon_1499"][0] == "user_49"
    assert node.ids(Scope("proj_a", "test"))["anon_1400"][0] == "too late"
    taken = [one[LIVE] for one in linking.taken if LIVE in one]
    assert taken[-1] == 1
    assert sum(taken) == 501


def test_who_asks_is_told_whose_rows_are_through(node: Node, journal: Path) -> None:
    linking = Linking(node)
    shared = [*_many(1_000, 500), event(1, project_id=OTHER.project_id)]
    name = lasting_name(write_segment(journal, shared, 1))
    told: list[tuple[bool, bool]] = []
    with loading(node, journal, linking) as loader:
        linking.then = lambda: told.append(
            (loader.has_stored(name, LIVE), loader.has_stored(name, OTHER))
        )
        until(lambda: _emptied(journal))
    assert told[0] == (False, False)
    assert set(told[1:]) == {(False, True)}


def test_a_storage_that_goes_away_meanwhile_is_waited_for(node: Node, journal: Path) -> None:
    linking = Linking(node)
    failing = random.Random(7)  # noqa: S311

    def before(named: Named) -> None:
        if named.aliases and failing.random() < 0.5:
            raise StorageUnavailable("away")

    linking.before = before
    write_segment(journal, [event(1), *_many(1_000, 600)], 1)
    with loading(node, journal, linking) as loader:
        until(lambda: _emptied(journal) and loader.problem is None)
        assert loader.stats.retries
    assert len(node.ids()) == 600
    assert node.count("events") == 1


def test_one_that_is_refused_is_set_aside_without_its_neighbours(node: Node, journal: Path) -> None:
    linking = Linking(node)

    def before(named: Named) -> None:
        if any(row.alias_id == "anon_1300" for said in named.aliases.values() for row in said):
            raise StorageRefused("not this one")

    linking.before = before
    # A line that is none is set aside with the segment's other rows, before aliases are looked at.
    write_segment(journal, [event(1), *_many(1_000, 600), b'{"k":"alias"', trait(2, "u", "p", "1")])
    with loading(node, journal, linking) as loader:
        until(lambda: _emptied(journal))
        assert loader.stats.dead_letters == 2
    letters = DeadLetters(journal.parent / "deadletters").letters()
    assert Counter(b"anon_1300" in letter.row for letter in letters) == {True: 1, False: 1}
    assert len(node.ids()) == 599
    assert (node.count("events"), node.count("person_traits")) == (1, 1)


def test_one_that_ends_in_between_leaves_the_rest_to_the_next(
    node: Node, store_address: Address, journal: Path, tmp_path: Path
) -> None:
    write_segment(journal, [event(1), *_many(1_000, 2_000)], 1)
    linking = Linking(node)
    with loading(node, journal, linking, patience=0):
        until(lambda: len(linking.taken) > 3)
    node.close()
    assert not _emptied(journal)
    with started_node(store_address, tmp_path) as next_, loading(next_, journal, Linking(next_)):
        until(lambda: _emptied(journal))
        assert len(next_.ids()) == 2_000
        assert next_.count("events") == 1


def test_a_segment_that_cannot_be_read_any_more_holds_nobody_up(node: Node, journal: Path) -> None:
    linking = Linking(node)
    segment = write_segment(journal, _many(1_000, 2_000), 1)

    def then() -> None:
        if len(linking.taken) == 3:
            write_segment(journal, [event(1), *_many(5_000, 600)], 2)
            segment.unlink()
            segment.mkdir()

    linking.then = then
    with loading(node, journal, linking) as loader:
        until(lambda: _emptied(journal))
        assert loader.problem is None
    assert (journal.parent / segment.name).is_dir()
    assert node.count("events") == 1
    assert len(node.ids()) < 2_600
    assert len([id_ for id_ in node.ids() if int(id_.removeprefix("anon_")) >= 5_000]) == 600
