"""The child process: ``python launch.py PARENT NICENESS DIRECTORY COMMAND [ARGUMENT …]``.

It becomes ``COMMAND`` with its arguments. Where that is the shared library of the ``chdb-core``
wheel, it serves from there: the library is a whole ClickHouse, but the wheel has no ``clickhouse``
to run. What it offers is ``query``, which runs clickhouse-local, and that knows SYSTEM START
LISTEN: ClickHouse's own HTTP and native protocols, with the ``config.xml`` of the working
directory. The query behind it never ends. Once the wheel brings a server, ``_serve_from_wheel``
goes.

The library is loaded by its file: the package ``chdb`` around it opens an engine of its own.
Nothing of Whipstitch is imported, so that the process is small and starts at once."""

import contextlib
import ctypes
import os
import resource
import signal
import sys
import time
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LOOK_SECONDS = 0.5
_MAC_FILES = 10_240
"""As many open files as macOS allows where it says that there is no limit."""
_EXTENSION = ".so"
_SERVE = (
    "SYSTEM START LISTEN QUERIES ALL; "
    "SELECT sleepEachRow(3) FROM system.numbers FORMAT Null "
    "SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 0"
)


def main(parent: int, niceness: int, directory: str, command: list[str]) -> None:
    _die_with(parent)
    os.nice(niceness)
    _be_taken_first()
    _raise_file_limit()
    os.umask(0o077)
    os.chdir(directory)
    if command[0].endswith(_EXTENSION):
        _serve_from_wheel(command[0])
    else:
        os.execv(command[0], command)  # noqa: S606 - the operator's own binary


def _die_with(parent: int) -> None:
    """Has this process killed when the parent ends, however: by the kernel, when the parent's
    thread that started it does. Where the kernel cannot, a process looks twice a second."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    elif os.fork() == 0:
        _watch(parent, os.getppid())
    if os.getppid() != parent:
        sys.exit("The process that started ClickHouse has ended.")


def _watch(parent: int, clickhouse: int) -> None:
    while os.getppid() == clickhouse:
        try:
            os.kill(parent, 0)
        except ProcessLookupError:
            os.kill(clickhouse, signal.SIGKILL)
            break
        time.sleep(_LOOK_SECONDS)
    os._exit(0)


def _be_taken_first() -> None:
    """Where memory is short, the kernel takes this process and not the one that ingests."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("900")


def _raise_file_limit() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in (most, _MAC_FILES):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
            return


def _serve_from_wheel(library: str) -> None:
    name = "chdb._chdb"
    spec = spec_from_file_location(name, library, loader=ExtensionFileLoader(name, library))
    if spec is None or spec.loader is None:
        sys.exit(f"{library} cannot be loaded.")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    # clickhouse-local lets its function file() read every file, whoever asks, for its user owns
    # them all; that would be the password and everybody's rows. A function of this name hides it.
    module.create_function("file", _no_file, ["String"], "String")
    module.query(_SERVE, "TSV", path=".")


def _no_file(_path: str) -> str:
    raise PermissionError("Files cannot be read here.")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:])
