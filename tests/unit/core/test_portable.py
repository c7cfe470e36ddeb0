"""Systems that lack what Linux has."""

import os
import resource
import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

from whipstitch.core import portable, priorities


def _without(monkeypatch: pytest.MonkeyPatch, name: str) -> Callable[[int], None]:
    monkeypatch.delattr(os, name)
    found: Callable[[int], None] = runpy.run_path(portable.__file__)["sync_data"]
    return found


def test_a_file_is_synced_where_there_is_no_fdatasync(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    sync_data = _without(monkeypatch, "fdatasync")

    with (tmp_path / "file").open("wb") as file:
        sync_data(file.fileno())
        assert synced == [file.fileno()]


def test_linux_syncs_with_fdatasync_itself() -> None:
    assert portable.sync_data is os.fdatasync


def test_a_limit_of_files_that_cannot_be_lifted_is_raised_as_far_as_can_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limit = (256, resource.RLIM_INFINITY)
    asked: list[int] = []

    def refuse_many(_what: int, limits: tuple[int, int]) -> None:
        asked.append(limits[0])
        if limits[0] == resource.RLIM_INFINITY or limits[0] > 10_240:
            raise ValueError("current limit exceeds maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda _what: limit)
    monkeypatch.setattr(resource, "setrlimit", refuse_many)

    assert portable.raise_file_limit() == 10_240
    assert asked == [resource.RLIM_INFINITY, 65_536, 10_240]


def test_a_limit_of_files_is_never_lowered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _what: (70_000, resource.RLIM_INFINITY))

    def refuse(_what: int, _limits: tuple[int, int]) -> None:
        raise ValueError

    monkeypatch.setattr(resource, "setrlimit", refuse)

    assert portable.raise_file_limit() == 70_000


def test_threads_are_not_made_prompt_by_system_calls_of_linux_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setattr("ctypes.CDLL", None)

    priorities.request_low_latency()
