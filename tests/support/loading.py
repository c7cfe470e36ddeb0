"""A loader at work, and what it has done."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.folder import new_loader

from whipstitch.loader.loader import Loader
from whipstitch.warehouse.store import Store


@contextmanager
def loading(directory: Path, store: Store) -> Iterator[Loader]:
    loader = new_loader(directory, store, directory.parent)
    loader.start()
    try:
        yield loader
    finally:
        loader.drain(0)


def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Waits for ``condition``; the deadline only ends a test that would wait for ever."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def emptied(directory: Path) -> bool:
    return not any(directory.glob("*.jsonl"))


def counts(store: Store) -> list[tuple[int, int]]:
    return [tuple(row) for row in store.query("SELECT count(), uniqExact(id) FROM events")]
