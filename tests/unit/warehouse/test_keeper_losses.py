"""Which hosts are asked while some have lost ClickHouse Keeper."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from whipstitch.core.errors import StorageUnavailable
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.connection import Address
from whipstitch.warehouse.keeper_losses import KeeperLosses, KeeperWatch

A1, A2, B1, B2 = (Address("db", host, 8123) for host in ("a1", "a2", "b1", "b2"))
SHARDS = {A1: "1", A2: "1", B1: "2", B2: "2"}


def read(losses: KeeperLosses) -> Address | None:
    """The host that is asked; None: there is no answer."""
    first = min(SHARDS, key=lambda one: losses.rank(one, SHARDS))
    try:
        losses.refuse_stale(first, SHARDS)
    except StorageUnavailable:
        return None
    return first


@pytest.mark.parametrize(
    ("lost", "asked"),
    [
        ((), A1),
        # Of its shard the host reads itself, and not the one that hears of nothing.
        ((A1,), A2),
        ((A2,), A1),
        ((B1,), B2),
        ((B2,), B1),
        # One of these would be read, whoever is asked.
        ((A1, B1), None),
        ((A2, B1), None),
        # Nobody stores anything: nothing is missed.
        ((A1, A2, B1, B2), A1),
        ((B1, B2), A1),
        ((A1, A2), B1),
        ((A1, A2, B1), B2),
    ],
)
def test_a_replica_that_alone_has_lost_keeper_is_not_read(
    lost: tuple[Address, ...], asked: Address | None
) -> None:
    losses = KeeperLosses()
    losses.know(lost)
    assert read(losses) == asked


def test_of_hosts_that_have_all_lost_keeper_the_last_to_do_so_is_asked() -> None:
    losses = KeeperLosses()
    losses.know([A1])
    losses.know([A1, A2, B1, B2])
    assert read(losses) != A1
    assert losses.changes == 2
    losses.know([B2, B1, A2, A1])
    assert losses.changes == 2


def test_a_host_that_is_asked_in_spite_of_that_answers_nothing() -> None:
    losses = KeeperLosses()
    losses.know([A1])
    for here in (A1, B1, B2):
        with pytest.raises(StorageUnavailable, match="a1:8123 does not reach ClickHouse Keeper"):
            losses.refuse_stale(here, SHARDS)


class Host:
    """A client of one. ``says``: what it answers, or raises."""

    def __init__(self, says: int | Exception) -> None:
        self._says = says

    def query(self, *_: Any) -> Any:
        if isinstance(self._says, Exception):
            raise self._says
        return SimpleNamespace(result_rows=[(self._says,)])

    def close(self) -> None:
        """Nothing is held."""


def test_a_host_that_says_so_or_is_out_of_patience_with_keeper_has_lost_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    says: dict[Address, int | Exception] = {A1: 0, A2: 1, B1: OSError("away"), B2: OSError("late")}
    moments = {A1: 0.0, A2: 0.0, B1: 0.0, B2: 10.0}

    def connect(address: Address, _seconds: float) -> Client:
        return cast("Client", Host(says[address]))

    losses = KeeperLosses()
    lost = set()
    for address, seconds in moments.items():
        clock = iter((0.0, seconds))
        with monkeypatch.context() as patched:
            patched.setattr("time.monotonic", lambda clock=clock: next(clock, 0.0))
            KeeperWatch([address], losses, connect).look()
        if losses.rank(address, SHARDS)[0] == 2:
            lost.add(address)
    assert lost == {A2, B2}
