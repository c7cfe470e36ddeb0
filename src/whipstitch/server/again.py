"""A server that takes its own place: the same process begins anew, with the arguments it was
started with. It goes on listening all the while, so clients wait for some seconds and are not
refused."""

import os
import socket
import sys
from typing import Final, NoReturn

_LISTENS_ON: Final = "LISTENING_WHIPSTITCH_SOCKET"


def inherited() -> socket.socket | None:
    """The socket that an earlier self listened on, if there was one."""
    number = os.environ.pop(_LISTENS_ON, None)
    return None if number is None else socket.socket(fileno=int(number))


def begin_again(listening: socket.socket) -> NoReturn:
    """Does so. All that is to be kept must be on the disk."""
    listening.set_inheritable(True)
    os.environ[_LISTENS_ON] = str(listening.fileno())
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - our own arguments
