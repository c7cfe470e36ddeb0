"""The directory that ingestion sees while the registry changes, fails and comes back."""

import inspect
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.postgres import PostgresCluster

from whipstitch.core.projects import ProjectSnapshot
from whipstitch.registry.late import LateRegistry
from whipstitch.registry.store import Registry
from whipstitch.registry.values import Screen
from whipstitch.registry.watch import SnapshotWatch


def eventually(condition: Callable[[], bool], what: str) -> None:
    """Waits until ``condition`` holds; gives up only where a person would long have."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.02)


@pytest.fixture
def watch(late: LateRegistry, tmp_path: Path) -> Iterator[SnapshotWatch]:
    watch = SnapshotWatch(late, tmp_path / "directory.json", interval=0.05)
    yield watch
    watch.stop(30)


@pytest.fixture
def late(url: str) -> Iterator[LateRegistry]:
    with LateRegistry(url) as registry:
        yield registry


def known(watch: SnapshotWatch, key: str) -> bool:
    return watch.current is not None and key in watch.current.keys


def test_it_looks_twice_in_the_2_seconds_that_are_promised() -> None:
    assert inspect.signature(SnapshotWatch).parameters["interval"].default <= 1


def test_before_the_first_look_there_is_no_directory_and_a_reason(watch: SnapshotWatch) -> None:
    assert watch.current is None
    assert watch.problem is not None


def test_an_empty_registry_is_a_directory_without_keys(watch: SnapshotWatch) -> None:
    watch.refresh()

    assert watch.current is not None
    assert watch.current.keys == {}
    assert watch.problem is None


def test_what_another_process_changes_is_seen(watch: SnapshotWatch, url: str) -> None:
    watch.start()
    with Registry.open(url) as other:
        made = other.create_project("Shop")
        eventually(lambda: known(watch, made.live_key.key), "the new key is known")

        other.revoke_key(made.live_key.key)
        eventually(lambda: not known(watch, made.live_key.key), "the revoked key is gone")

    assert known(watch, made.test_key.key)


def test_an_unchanged_registry_is_not_read_again(watch: SnapshotWatch, registry: Registry) -> None:
    registry.create_project("Shop")
    watch.refresh()
    first = watch.current

    watch.refresh()
    assert watch.current is first

    registry.create_key("Shop", "live")
    watch.refresh()
    assert watch.current is not first


def test_a_stopped_watch_keeps_what_it_knew(watch: SnapshotWatch, registry: Registry) -> None:
    made = registry.create_project("Shop")
    watch.start()
    eventually(lambda: known(watch, made.live_key.key), "the first key is known")
    watch.stop(30)

    later = registry.create_key("Shop", "live")
    assert known(watch, made.live_key.key)
    assert not known(watch, later.key)


def test_while_the_server_is_away_the_last_directory_is_served(
    postgres: PostgresCluster, postgres_url: str, tmp_path: Path
) -> None:
    with LateRegistry(postgres_url) as late:
        registry = late()
        watch = SnapshotWatch(late, tmp_path / "directory.json", interval=0.05)
        made = registry.create_project("Shop")
        watch.start()
        try:
            eventually(lambda: known(watch, made.live_key.key), "the key is known")
            postgres.stop()
            try:
                eventually(lambda: watch.problem is not None, "the failure is told")
                assert known(watch, made.live_key.key)
            finally:
                postgres.start()
            eventually(lambda: watch.problem is None, "the server is back")
            later = registry.create_key("Shop", "test")
            eventually(lambda: known(watch, later.key), "the later key is known")
        finally:
            watch.stop(30)


def test_whoever_follows_is_told_each_directory_that_was_read(
    watch: SnapshotWatch, registry: Registry
) -> None:
    told: list[ProjectSnapshot] = []
    watch.follow(told.append)
    registry.create_project("Shop")

    watch.refresh()
    watch.refresh()
    registry.create_sql_user("Shop")
    watch.refresh()

    assert [[user.name for user in one.sql_users] for one in told] == [[], ["shop"]]


def test_whoever_follows_later_is_told_what_is_known(watch: SnapshotWatch) -> None:
    watch.refresh()
    told: list[ProjectSnapshot] = []

    watch.follow(told.append)

    assert told == [watch.current]


def test_the_next_run_knows_the_directory_before_it_opens_the_registry(
    sqlite_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "directory.json"
    with Registry.open(sqlite_url) as registry:
        shop = registry.create_project("Shop").project.id
        registry.create_sql_user(shop)
        registry.save_screen(Screen(shop, "live", "Home", "image/png", b"picture", "2.0"))
    with LateRegistry(sqlite_url) as late:
        before = SnapshotWatch(late, file)
        before.refresh()

    after = SnapshotWatch(unopened(sqlite_url), file)

    assert after.recall()
    assert after.current == before.current
    assert file.stat().st_mode & 0o077 == 0


def test_a_new_screen_leaves_the_keys_as_they_are(sqlite_url: str, tmp_path: Path) -> None:
    with LateRegistry(sqlite_url) as late:
        shop = late().create_project("Shop").project.id
        watch = SnapshotWatch(late, tmp_path / "directory.json")
        watch.refresh()
        assert (first := watch.current) is not None
        late().save_screen(Screen(shop, "live", "Home", "image/png", b"picture"))
        watch.refresh()
        assert (second := watch.current) is not None
        late().create_key(shop, "live")
        watch.refresh()
        assert (third := watch.current) is not None

    assert list(second.screens) == [(shop, "live", "Home")]
    assert second.keys is first.keys  # who sends with them need not be looked up again
    assert len(third.keys) == 3


def test_a_registry_that_changed_meanwhile_is_opened_first(sqlite_url: str, tmp_path: Path) -> None:
    file = tmp_path / "directory.json"
    with LateRegistry(sqlite_url) as late:
        key = late().create_project("Shop").live_key.key
        SnapshotWatch(late, file).refresh()
        late().revoke_key(key)

    after = SnapshotWatch(unopened(sqlite_url), file)

    assert not after.recall()
    assert after.current is None


@pytest.mark.parametrize("content", ["", "{}", '{"form": 2}', "[1]"])
def test_a_memory_that_cannot_be_read_is_passed_over(
    content: str, sqlite_url: str, tmp_path: Path
) -> None:
    Registry.open(sqlite_url).close()
    file = tmp_path / "directory.json"
    file.write_text(content)

    assert not SnapshotWatch(unopened(sqlite_url), file).recall()


def test_a_registry_in_postgresql_is_opened_first(postgres_url: str, tmp_path: Path) -> None:
    file = tmp_path / "directory.json"
    with LateRegistry(postgres_url) as late:
        SnapshotWatch(late, file).refresh()

    assert not SnapshotWatch(unopened(postgres_url), file).recall()


def unopened(url: str) -> LateRegistry:
    """A registry that must not be opened."""

    class Unopened(LateRegistry):
        def __call__(self) -> Registry:
            raise AssertionError("the registry was opened")

    return Unopened(url)
