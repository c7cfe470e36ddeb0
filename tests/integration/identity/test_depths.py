"""Depths that earlier versions did not note."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.segments import alias
from tests.support.stitching import LIVE, Node, accepted, started_node

from whipstitch.identity import depths
from whipstitch.identity.arrivals import Arrival
from whipstitch.identity.forest import Operation
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.connection import Address

_DEPTHS = "SELECT id, depth FROM person_ids FINAL ORDER BY id"


def _depths(node: Node) -> dict[str, int]:
    return {row[0]: row[1] for row in node.store.query(_DEPTHS)}


def _forget(condition: str) -> Callable[[Client], object]:
    return lambda client: client.command(
        f"ALTER TABLE person_ids UPDATE depth = 0 WHERE {condition} SETTINGS mutations_sync = 2"
    )


def _load_trees(node: Node) -> None:
    """A chain of six and a hub of 50, of which one is a hub itself."""
    chain = [alias(number, f"c{number}", f"c{number + 1}") for number in range(6)]
    hub = [alias(100 + number, f"h{number:02}", "hub") for number in range(50)]
    inner = [alias(200 + number, f"i{number}", "h07") for number in range(5)]
    node.load(*chain, *hub, *inner)


def test_what_is_missing_is_noted_at_the_start(
    node: Node, store_address: Address, tmp_path: Path
) -> None:
    _load_trees(node)
    known = _depths(node)
    assert known == {
        **{f"c{number}": 6 - number for number in range(6)},
        **{f"h{number:02}": 1 for number in range(50)},
        **{f"i{number}": 2 for number in range(5)},
    }
    ids = node.ids()
    node.link(_forget("1"))
    with started_node(store_address, tmp_path) as next_:
        assert _depths(next_) == known
        assert next_.ids() == ids


def test_it_goes_on_where_it_was_cut_off(node: Node) -> None:
    _load_trees(node)
    known = _depths(node)
    # Some levels are there, the deeper ones are not; and a level between known ones.
    for missing in ("depth > 3", "depth = 2"):
        node.link(_forget(missing))
        node.link(depths.fill)
        assert _depths(node) == known


def test_an_alias_takes_a_dozen_statements_whatever_it_joins(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where an earlier version linked it."""
    node.load(*(alias(number, f"few{number}", "few") for number in range(3)))
    node.load(*(alias(10 + number, f"many{number}", "many") for number in range(3_000)))
    node.load(
        *(alias(4_000 + number, f"deep{number}", f"deep{number + 1}") for number in range(90))
    )
    node.link(_forget("1"))
    node.link(depths.fill)
    asked = Counter[str]()
    for name in ("query", "command"):
        monkeypatch.setattr(Client, name, _counting(getattr(Client, name), asked))
    for number, joined in enumerate(("few1", "many1", "deep1", "few", "many", "deep90")):
        asked.clear()
        leaf = joined in ("few1", "many1", "deep1")
        said = (f"new{number}", joined) if leaf else (joined, f"new{number}")
        node.take([Arrival(LIVE, Operation(accepted(5_000 + number), *said), 0, 0)])
        assert asked.total() <= 12, asked


def _counting(method: Callable[..., Any], asked: Counter[str]) -> Callable[..., Any]:
    def counted(self: Client, sql: str, *rest: Any, **others: Any) -> Any:
        if "DROP TABLE" not in sql:  # generations of maps, of which there may be more or fewer
            asked[sql] += 1
        return method(self, sql, *rest, **others)

    return counted
