"""Threads that give way to the event loop, with which they may share one core."""

import os
import sys
import threading
from typing import Final

_NICENESS: Final = 19


def give_way() -> None:
    """Lowers the calling thread's priority, and that of the threads which it or ClickHouse on its
    behalf starts. On Linux only, where a thread has a niceness of its own."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
