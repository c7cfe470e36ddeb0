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


_behind: set[str] = set()


def give_way(*, much: bool = True) -> None:
    """Lowers the calling thread's priority, and that of the threads which it or ClickHouse on its
    behalf starts. Not ``much`` where questions are computed meanwhile: a thread of Python may hold
    the interpreter, and the event loop would wait with it behind all threads that compute.

    On Linux only, where a thread has a niceness of its own."""
    if sys.platform == "linux":
        niceness = _BEHIND if much else _BESIDE
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)


def engine_gives_way() -> None:
    """Lowers the priority of all threads that Python did not start, which are ClickHouse's, as far
    as can be. It starts more as it needs them, so this is to be called again."""
    if sys.platform != "linux":
        return
    tasks = set(os.listdir(_TASKS))  # noqa: PTH208 - their names are all that it takes
    ours = {thread.native_id for thread in threading.enumerate()}
    _behind.intersection_update(tasks)
    if None in ours:  # one that is only starting: which of them is it?
        return
    for task in tasks - _behind - {str(one) for one in ours}:
        with contextlib.suppress(OSError):  # it has ended
            os.setpriority(os.PRIO_PROCESS, int(task), _BEHIND)
            _behind.add(task)


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
