"""One run of the child, as a process of the operating system."""

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

_OUTPUT: Final = "output.log"
_UNLOGGED: Final = "Cannot log"
"""So begins a line that it could not write into its log: on a full disk, and not why it ended."""
_LONGEST: Final = 500


class Process:
    """Started where this is made, in ``directory``."""

    def __init__(self, command: Sequence[str], directory: Path) -> None:
        """Raises OSError."""
        self._output = directory / _OUTPUT
        with open(self._output, "wb", opener=_private) as output:
            self._process = subprocess.Popen(  # noqa: S603 - what the module `command` found
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # A terminal's Ctrl+C is ours to handle: what is on its way is stored first. Not a
                # session of its own: Linux shares cores among sessions before it looks at niceness.
                process_group=0,
                # ClickHouse does not start where this names a zone that it does not have, though
                # the C library reads it; and what it is asked for names its own zones.
                env={**os.environ, "TZ": "UTC"},
            )

    @property
    def id(self) -> int:
        return self._process.pid

    def how_it_ended(self) -> str | None:
        """For a person, with what it said of why it cannot run; None: it runs."""
        code = self._process.poll()
        if code is None:
            return None
        if code >= 0:
            return f"with exit code {code}{self._last_words()}"
        if code == -signal.SIGKILL:
            return "by SIGKILL"  # and had nothing to say of it
        with suppress(ValueError):
            return f"by {signal.Signals(-code).name}{self._last_words()}"
        return f"by signal {-code}{self._last_words()}"

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def end(self, seconds: float) -> None:
        """Asks it to end, and kills it where it has not after so many seconds."""
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        self.kill()

    def _last_words(self) -> str:
        with suppress(OSError):
            for line in self._output.read_text(errors="replace").splitlines():
                if ("Exception" in line or "Error" in line) and not line.startswith(_UNLOGGED):
                    return f" ({line[:_LONGEST]})"
        return ""


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
