"""A process and all its descendants, as ``/proc`` shows them: a figure of the server counts the
ClickHouse child and the workers, too."""

import contextlib
import os
import threading
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple, Self

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_SAMPLE_SECONDS: Final = 0.25


class Memory(NamedTuple):
    """Bytes. ``resident`` counts a page once for each process that has it; ``proportional`` (Pss)
    counts a shared page once in all."""

    resident: int
    proportional: int


def members(pid: int) -> list[int]:
    """``pid`` and its living descendants."""
    children = defaultdict(list)
    for directory in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            children[int(_fields(int(directory.name))[1])].append(int(directory.name))
    found = [pid]
    for one in found:
        found += children[one]
    return found


def processor_seconds(pid: int) -> float:
    """Seconds of processor that the family has taken in all its threads. A process that ended
    counts, too, once its parent has waited for it."""
    return sum(_spent(one, with_ended=True) for one in members(pid))


def own_processor_seconds(pid: int) -> float:
    """The same of this one process."""
    return _spent(pid, with_ended=False)


def resident_bytes(pid: int) -> int:
    """The sum of the family's resident sets."""
    total = 0
    for one in members(pid):
        with contextlib.suppress(OSError):
            total += int(Path(f"/proc/{one}/statm").read_text().split()[1]) * _PAGE
    return total


def memory(pid: int) -> Memory:
    """Exact, and slower than ``resident_bytes``: the kernel walks all pages."""
    kilobytes = {"Rss:": 0, "Pss:": 0}
    for one in members(pid):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
                name, *values = line.split()
                if name in kilobytes:
                    kilobytes[name] += int(values[0])
    return Memory(kilobytes["Rss:"] * 1024, kilobytes["Pss:"] * 1024)


def pin(pid: int, core: int | None) -> None:
    """Keeps all threads of the family on one core; None: lets them use every core. What they start
    later inherits that."""
    cores = os.sched_getaffinity(0) if core is None else {core} & os.sched_getaffinity(0)
    for one in members(pid) if cores else ():
        for task in Path(f"/proc/{one}/task").glob("*"):
            with contextlib.suppress(OSError):
                os.sched_setaffinity(int(task.name), cores)


class MemoryWatch:
    """Samples the resident memory of a family while the context lasts."""

    def __init__(self, pid: int) -> None:
        self.samples = [resident_bytes(pid)]
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def halves(self) -> Iterator[int]:
        """The most in the first half of the time, and in the second."""
        half = len(self.samples) // 2
        yield max(self.samples[: half + 1])
        yield max(self.samples[half:])

    def _run(self) -> None:
        while not self._ended.wait(_SAMPLE_SECONDS):
            self.samples.append(resident_bytes(self._pid))


def _fields(pid: int) -> list[str]:
    """Of ``/proc/PID/stat``, from the state on (the third field of proc(5))."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _spent(pid: int, *, with_ended: bool) -> float:
    with contextlib.suppress(OSError):
        # utime, stime, and the same of children that were waited for.
        return sum(map(int, _fields(pid)[11 : 15 if with_ended else 13])) / _TICKS
    return 0.0
