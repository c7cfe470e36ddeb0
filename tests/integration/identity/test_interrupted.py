"""Linking that ends anywhere, and what comes next and mends it."""

import itertools
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import pytest
from tests.support.cluster import CLUSTER
from tests.support.identity_model import IdentityModel
from tests.support.segments import alias
from tests.support.stitching import Node, accepted, seen

from whipstitch.core.errors import StorageUnavailable
from whipstitch.core.projects import Scope
from whipstitch.identity import linker
from whipstitch.identity.arrivals import Arrival
from whipstitch.identity.forest import Operation
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.sql import IN_SCOPE

PLACES = list(itertools.product(range(1, 12), (False, True)))
"""Before and after each write, and some more than there are."""


pytestmark = pytest.mark.skipif(bool(CLUSTER), reason="what ends is a client of one server")


class Interrupted:
    """A client whose ``last`` writing call is its last, done or not: then ClickHouse is gone."""

    # As of one server.
    guard = None
    _together = None
    peers = None
    writing_together = Client.writing_together
    confirm_writes = Client.confirm_writes
    live_nodes = Client.live_nodes
    all_nodes = Client.all_nodes
    one_of_each_shard = Client.one_of_each_shard
    await_replicas = Client.await_replicas
    shards = Client.shards
    shard = Client.shard

    def __init__(self, client: Client, last: int, done: bool) -> None:
        self._client, self._left, self._done = client, last, done

    def query(self, *arguments: Any) -> Any:
        return self._client.query(*arguments)

    def command(self, *arguments: Any) -> None:
        self._write(lambda: self._client.command(*arguments))

    def raw_insert(self, *arguments: Any, **named: Any) -> None:
        self._write(lambda: self._client.raw_insert(*arguments, **named))

    def _write(self, call: Callable[[], object]) -> None:
        self._left -= 1
        if self._left > 0 or self._done:
            call()
        if self._left <= 0:
            raise StorageUnavailable("gone")


def is_cut_off(node: Node, work: Callable[[Client], object], last: int, done: bool) -> bool:
    """Does ``work`` as far as it gets; False: to its end."""
    try:
        node.link(lambda client: work(cast("Client", Interrupted(client, last, done))))
    except StorageUnavailable:
        return True
    return False


@pytest.mark.parametrize(
    ("what", "then"),
    [("aliases", "another alias"), ("aliases", "a new process"), ("an undo", "a new process")],
)
def test_linking_that_is_cut_off_anywhere_is_mended_by_what_comes_next(
    node: Node, what: str, then: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What comes next comes late: nobody remembers what was recent.
    monkeypatch.setattr(linker, "_RECENT_SECONDS", 0)
    scopes = [Scope(f"proj_{number}", "live") for number in range(len(PLACES))]
    rows = itertools.product(scopes, "abcde")
    node.load(*(seen(id_, **scope._asdict()) for scope, id_ in rows))
    cuts = 0
    for scope, (last, done) in zip(scopes, PLACES, strict=True):
        model = IdentityModel(Counter({(scope, id_): 1 for id_ in "abcde"}))
        # A chain, and links that join others with it, in its middle and above.
        first = _aliases(model, scope, (10, "a", "b"), (11, "d", "e"))
        second = _aliases(model, scope, (20, "b", "c"), (21, "e", "b"), (22, "d", "c"))
        other = _aliases(model, scope, (30, "x", "y"))
        if what == "an undo":
            first += second
            second = [Arrival(scope, Operation(accepted(40), "b", "", undo=True), 0, 0)]
            model.undo(scope, accepted(40), "b")
        node.take(first)

        cut = is_cut_off(node, partial(node.linker.take, arrivals=second), last, done)

        if then == "a new process":
            node.restart()
        else:
            node.take(other)
        assert node.shown(scope) == _logged(node, model, scope).shown(scope), (last, done)
        assert node.generations() == [node.maps.current.table]
        node.take([*second, *other])
        assert node.shown(scope) == model.shown(scope), (last, done)
        if not cut:
            break
        cuts += 1
    assert 10 <= cuts < len(PLACES)


def test_forgetting_what_is_rewritten_may_be_cut_off_anywhere(node: Node) -> None:
    cuts = 0
    for number, (last, done) in enumerate(PLACES):
        scope = Scope(f"proj_{number}", "live")
        node.load(seen("anon", **scope._asdict()))
        node.load(alias(1, "anon", "user", **scope._asdict()))
        node.take_steps()
        settle = partial(node.linker.settle, number=node.maps.current.number)

        cut = is_cut_off(node, settle, last, done)

        assert node.shown(scope) == Counter({("user", "anon"): 1})
        node.rewrite()
        assert (node.pending(), node.maps.current.table, node.generations()) == (0, "", [])
        if not cut:
            break
        cuts += 1
    assert 6 <= cuts < len(PLACES)


def _aliases(model: IdentityModel, scope: Scope, *said: tuple[int, str, str]) -> list[Arrival]:
    for number, alias_id, distinct_id in said:
        model.alias(scope, accepted(number), alias_id, distinct_id)
    return [Arrival(scope, Operation(accepted(one[0]), *one[1:]), 0, 0) for one in said]


def _logged(node: Node, model: IdentityModel, scope: Scope) -> IdentityModel:
    """``model`` as far as ``node`` has it in its log."""
    sql = f"SELECT accepted, alias_id, undo FROM person_aliases WHERE {IN_SCOPE}"
    known = {tuple(row) for row in node.store.query(sql, scope._asdict())}
    said = {one for one in model.said[scope] if one[:3] in known}
    return IdentityModel(model.sent, {scope: said})
