"""The lease that says which node leads."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.stitching import until

from whipstitch.identity import leadership
from whipstitch.identity.leadership import LEASE_SECONDS, Leadership
from whipstitch.registry.leases import Leases
from whipstitch.registry.store import Registry


def test_the_lease_of_a_node_that_is_gone_runs_out(tmp_path: Path) -> None:
    moment = datetime.now(UTC)
    with Registry.open(f"sqlite:///{tmp_path}/registry.db", lambda: moment) as registry:
        gone, next_ = Leadership(registry), Leadership(registry)
        gone.renew()
        next_.renew()
        assert (gone(), next_()) == (1, 0)
        moment += timedelta(seconds=LEASE_SECONDS + 1)

        next_.renew()
        gone.renew()
        assert (gone(), next_()) == (0, 1)

        next_.leave()
        gone.renew()
        assert (gone(), next_()) == (2, 0)


def test_a_node_that_renews_its_lease_stays_in_its_term(tmp_path: Path) -> None:
    with Registry.open(f"sqlite:///{tmp_path}/registry.db") as registry:
        leader = Leadership(registry)
        leader.renew()
        leader.renew()
        assert leader() == 1


def test_without_other_nodes_there_is_one_term_for_ever() -> None:
    alone = Leadership(None)
    alone.renew()
    alone.leave()
    assert alone() == 1


def test_a_lease_is_kept_through_work_that_takes_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leadership, "_HELD_SECONDS", 0.5)
    monkeypatch.setattr(leadership, "_RENEW_SECONDS", 0.02)
    with Registry.open(f"sqlite:///{tmp_path}/registry.db") as registry:
        leader = Leadership(registry)
        leader.renew()
        with leader.kept():
            time.sleep(1.2)
            assert leader() == 1
        until(lambda: not leader())  # it is not kept for ever


def test_a_lease_that_was_lost_is_not_taken_again_amid_the_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(leadership, "_RENEW_SECONDS", 0.02)
    free = True

    class Lost(Leases):
        def __init__(self) -> None:
            pass

        def take_lease(self, *_: object) -> bool:
            return free

    leader = Leadership(Lost())
    leader.renew()
    with leader.kept():
        free = False
        until(lambda: not leader())
        free = True
        time.sleep(0.1)
        assert leader() == 0
    leader.renew()
    assert leader() == 2
