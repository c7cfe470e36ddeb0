"""Disks that are full, or take no more than they are told to."""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

_MOST_FILES = 100
_PIECE = bytes(64 * 1024)


@contextmanager
def small_disk(directory: Path, size: int, files: int = _MOST_FILES) -> Iterator[Path]:
    """A file system of ``size`` bytes and ``files`` files at ``directory``; skips the test where
    none can be mounted."""
    directory.mkdir()
    mounted = subprocess.run(
        [
            "mount",
            "-t",
            "tmpfs",
            "-o",
            f"size={size},nr_inodes={files}",
            "tmpfs",
            str(directory),
        ],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield directory
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True)


def fill(disk: Path, leave: int = 0) -> Path:
    """Leaves room for ``leave`` bytes, as far as others who write let it; returns the file that
    takes up the rest."""
    filler = disk / "filler"
    free = os.statvfs(disk)
    wanted = max(0, free.f_bavail * free.f_frsize - leave)
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while wanted > 0:
            wanted -= file.write(_PIECE[:wanted])
    return filler


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Somebody else's file takes all the room that there is, while others write."""
    filler = disk / "neighbour"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(_PIECE)
    try:
        yield
    finally:
        filler.unlink()


def use_up_names(disk: Path) -> list[Path]:
    """Leaves no room for another file, however small; returns those that take it up."""
    made = []
    try:
        for number in range(_MOST_FILES + 1):
            made.append(disk / f"name-{number}")
            made[-1].touch()
    except OSError:
        return made[:-1]
    raise AssertionError("there is room for every file")


@contextmanager
def no_file_over(size: int, process_id: int = 0) -> Iterator[None]:
    """The kernel refuses what a process, by default this one, would have beyond so many bytes of
    any file: a disk that does not take something, at the very moment that a test wants it to."""
    before = resource.prlimit(process_id, resource.RLIMIT_FSIZE)
    resource.prlimit(process_id, resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            resource.prlimit(process_id, resource.RLIMIT_FSIZE, before)
