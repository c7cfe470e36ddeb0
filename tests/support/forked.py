"""The command in a process that is forked from one that has imported it already. It behaves as the
installed command does, for the CPU time of the command alone: imports are most of a start."""

import multiprocessing
import os
import resource
import runpy
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any, Final

_PRELOADED: Final = (
    "tests.support.forked",
    "whipstitch.cli.main",
    "whipstitch.app.server",
    "whipstitch.app.reading",
    "alembic.command",
    "tests.support.warm",
)
preferred = False
"""Whether commands are forked where they can be. Tests want that; measurements do not."""
_OURS: Final = ("WHIPSTITCH_", "PYTEST_")
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(list(_PRELOADED))


def _others(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: one for name, one in environment.items() if not name.startswith(_OURS)}


_AT_FIRST: Final = _others(os.environ)


def suits(environment: Mapping[str, str]) -> bool:
    """Whether a process with this environment is to be forked: Python and the C library read
    variables of theirs when a process starts."""
    return preferred and _others(environment) == _AT_FIRST


class Forked:
    """A running command, with what ``subprocess.Popen`` has of methods. ``out`` and ``err`` are
    descriptors that become its standard output and error."""

    def __init__(
        self,
        command: Path,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        out: int,
        err: int,
        files: int | None = None,
    ) -> None:
        self._process = _Started(command, arguments, environment, (out, err), files)
        self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    def poll(self) -> int | None:
        """The exit code; negative: the signal that ended it. None: it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Raises TimeoutExpired."""
        self._process.join(timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(["whipstitch"], timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        if self.poll() is None:
            self._process.kill()


class _Started(ForkServerProcess):
    def __init__(
        self,
        command: Path,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        outputs: tuple[int, int],
        files: int | None,
    ) -> None:
        super().__init__()
        self._command, self._arguments = command, list(arguments)
        self._environment, self._outputs, self._files = dict(environment), outputs, files
        self._directory = str(Path.cwd())

    def __getstate__(self) -> dict[str, Any]:
        # Pickled for the process that is about to start: descriptors go with it.
        return self.__dict__ | {"_outputs": tuple(map(DupFd, self._outputs))}

    def run(self) -> None:
        for number, output in enumerate(self._outputs, 1):
            here: int = output.detach()  # type: ignore[attr-defined] # a DupFd by now
            os.dup2(here, number)
            os.close(here)
        if self._files is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (self._files, self._files))
        os.chdir(self._directory)
        os.environ.clear()
        os.environ.update(self._environment)
        sys.argv = [str(self._command), *self._arguments]
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
        runpy.run_path(str(self._command), run_name="__main__")
