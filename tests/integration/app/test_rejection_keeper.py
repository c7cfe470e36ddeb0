"""Counts of rejections outlive the server that counted them."""

import sqlite3
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from whipstitch.app.rejection_keeper import RejectionKeeper
from whipstitch.core.errors import RegistryError
from whipstitch.core.projects import Scope
from whipstitch.core.reasons import Reason
from whipstitch.core.rejections import Rejection
from whipstitch.ingest.rejections import Rejections
from whipstitch.registry.store import Registry

SCOPE = Scope("proj_a", "live")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/registry.db"


def lately(registry: Registry) -> list[Rejection]:
    return registry.rejections_since(SCOPE, datetime.now(UTC) - timedelta(hours=1))


def test_what_was_counted_is_there_after_a_restart(url: str) -> None:
    rejections = Rejections(time.time)
    with Registry.open(url) as registry:
        keeper = RejectionKeeper(registry, rejections)
        keeper.start()
        rejections.note_in(SCOPE, Reason.REPEATED, "track", 3)
        keeper.stop(10.0)

    with Registry.open(url) as registry:
        (found,) = lately(registry)
        assert (found.cause.reason, found.count) == (Reason.REPEATED, 3)


def test_what_the_registry_did_not_take_is_counted_the_next_time(url: str, tmp_path: Path) -> None:
    rejections = Rejections(time.time)
    with Registry.open(url) as registry:
        keeper = RejectionKeeper(registry, rejections)
        rejections.note_in(SCOPE, Reason.REPEATED, "track", 3)
        beside = sqlite3.connect(tmp_path / "registry.db", isolation_level=None)
        beside.execute("ALTER TABLE rejections RENAME TO away")
        with pytest.raises(RegistryError):
            keeper.keep()
        rejections.note_in(SCOPE, Reason.REPEATED, "track", 2)
        beside.execute("ALTER TABLE away RENAME TO rejections")
        beside.close()

        keeper.keep()

        assert [one.count for one in lately(registry)] == [5]
