"""Who runs first, where the event loop shares few cores with work that can wait."""

import ctypes
import os
import platform
import struct
import sys
from typing import Final

_SWITCH_SECONDS: Final = 0.0005
_SLICE_NANOSECONDS: Final = 100_000
_SCHED_SETATTR: Final = {"x86_64": 314, "aarch64": 274}
"""The system call's number, by machine: the C library has no function for it."""


def shorten_gil_switch() -> None:
    """Has Python threads take turns every half millisecond where they compete, instead of every
    five: what the loader does in Python would hold up the event loop that long."""
    sys.setswitchinterval(_SWITCH_SECONDS)


def request_low_latency() -> None:
    """Asks Linux (6.12 and later) to let the calling thread run as soon as it has something to do,
    in short turns. Without that it may wait for some milliseconds behind a process that computes,
    even a nice one. Elsewhere nothing happens."""
    number = _SCHED_SETATTR.get(platform.machine())
    if sys.platform != "linux" or number is None:
        return
    # struct sched_attr: size, policy, flags, nice, priority, runtime, deadline, period
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    attributes = struct.pack("=IIQiIQQQ", 48, 0, 0, nice, 0, _SLICE_NANOSECONDS, 0, 0)
    ctypes.CDLL(None).syscall(number, 0, attributes, 0)
