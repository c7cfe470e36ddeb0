"""Who runs first, where the event loop shares few cores with work that can wait."""

import contextlib
import ctypes
import os
import platform
import struct
import sys
import threading
from typing import Final

_BESIDE: Final = 5
_BEHIND: Final = 19
_TASKS: Final = "/proc/self/task"
_SWITCH_SECONDS: Final = 0.0005
_SLICE_NANOSECONDS: Final = 100_000
_SCHED_SETATTR: Final = {"x86_64": 314, "aarch64": 274}
"""The system call's number, by machine: the C library has no function for it."""


_behind: set[int] = set()
"""Threads that gave way, the engine's and ours."""
_may_use: set[int] | None = None
"""The cores that they may use; None: nothing was said yet."""


def give_way(*, much: bool = True) -> None:
    """Lowers the calling thread's priority, and that of the threads which it or ClickHouse on its
    behalf starts. Not ``much`` where somebody waits for what it does, as for an answer or for new
    events to be seen: behind threads that compute, a step waits many times as long as it takes. And
    a thread of Python may hold the interpreter: the event loop would wait with it.

    On Linux only, where a thread has a niceness of its own."""
    if sys.platform == "linux":
        _put_behind(threading.get_native_id(), _BEHIND if much else _BESIDE)


def engine_gives_way() -> None:
    """Lowers the priority of all threads that Python did not start, which are ClickHouse's, as far
    as can be. It starts more as it needs them, so this is to be called again."""
    if sys.platform != "linux":
        return
    known = set(_behind)  # who comes after this is not among the tasks either, and has not ended
    tasks = {int(task) for task in os.listdir(_TASKS)}  # noqa: PTH208 - names are all that it takes
    ours = {thread.native_id for thread in threading.enumerate()}
    _behind.difference_update(known - tasks)
    if None in ours:  # one that is only starting: which of them is it?
        return
    for task in tasks - _behind - ours:
        _put_behind(task, _BEHIND)


def leave_a_core(leave: bool) -> None:
    """Keeps all that gave way off one core, where there are several, or lets it use them all again.
    To be called by a thread that did not give way.

    Priorities alone do not do it: a kernel may let a thread that computes run on until the next
    tick of its clock, four milliseconds, while the event loop, the journal or the kernel's own
    thread that talks to the disk wait."""
    global _may_use
    if sys.platform != "linux":
        return
    cores = os.sched_getaffinity(0)
    may_use = cores - {min(cores)} if leave and len(cores) > 1 else cores
    if may_use == _may_use:
        return
    _may_use = may_use
    engine_gives_way()
    for task in tuple(_behind):
        _assign(task)


def _put_behind(task: int, niceness: int) -> None:
    with contextlib.suppress(OSError):  # it has ended
        os.setpriority(os.PRIO_PROCESS, task, niceness)
        _behind.add(task)
        _assign(task)


def _assign(task: int) -> None:
    if _may_use is not None:
        with contextlib.suppress(OSError):
            os.sched_setaffinity(task, _may_use)


def hand_over_soon() -> None:
    """Has Python threads take turns every half millisecond where they compete, instead of every
    five: what the loader does in Python would hold up the event loop that long."""
    sys.setswitchinterval(_SWITCH_SECONDS)


def be_prompt() -> None:
    """Asks Linux (6.12 and later) to let the calling thread run as soon as it has something to do,
    in short turns. Without that it may wait for some milliseconds behind a thread of ClickHouse
    that computes, even one that gives way. Elsewhere nothing happens."""
    number = _SCHED_SETATTR.get(platform.machine())
    if sys.platform != "linux" or number is None:
        return
    # struct sched_attr: size, policy, flags, nice, priority, runtime, deadline, period
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    attributes = struct.pack("=IIQiIQQQ", 48, 0, 0, nice, 0, _SLICE_NANOSECONDS, 0, 0)
    ctypes.CDLL(None).syscall(number, 0, attributes, 0)
