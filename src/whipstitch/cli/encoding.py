"""Text is UTF-8, whatever the environment's locale says of it: names of projects, paths, files and
what is printed. Python takes that from the environment before any code of ours runs."""

import os
import sys
from typing import Final

_UTF8: Final = "utf-8"


def speak_utf8() -> None:
    """Starts this process again, in its place, where Python would speak something else."""
    streams = {getattr(stream, "encoding", None) or _UTF8 for stream in (sys.stdout, sys.stderr)}
    if sys.flags.utf8_mode or {*streams, sys.getfilesystemencoding()} == {_UTF8}:
        return
    environment = os.environ | {"PYTHONUTF8": "1", "PYTHONIOENCODING": _UTF8}
    # As it was started; what Python could not read of it is passed on as it was.
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)  # noqa: S606 - this command
