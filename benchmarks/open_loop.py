"""Load at a steady rate, whether or not the server keeps up, from a process of its own.

**A latency counts from the moment when its request was due**, by the rate, until its answer has
come: whatever holds a request up is in it, be it the server, a connection that is not free, or this
client. The client's own share is the same for all targets of a run, which take turns."""

import json
import subprocess
import sys
from collections.abc import Mapping
from itertools import chain
from typing import Final

from benchmarks.payloads import Target
from benchmarks.processes import LOAD_CORE

Turns = dict[str, list[list[float]]]
"""Of each target the latencies of each of its turns: seconds, sorted."""
_BEGUN: Final = "begun"


class Loop:
    """Sends to each target in turn, ``turn`` seconds at a time, at ``rate`` requests a second.

    It has begun to measure when it is made. It ends by itself after so many ``turns`` of each
    target; None: with ``end``."""

    def __init__(
        self,
        targets: Mapping[str, Target],
        *,
        rate: float,
        turn: float,
        turns: int | None = None,
        core: int | None = LOAD_CORE,
    ) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.open_loop_client"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {
            "targets": {
                name: {
                    "url": one.url,
                    "requests": [text.decode("latin-1") for text in one.requests],
                }
                for name, one in targets.items()
            },
            "rate": rate,
            "turn": turn,
            "turns": turns,
            "core": core,
        }
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        begun = self._process.stdout.readline().strip()
        assert begun == _BEGUN, f"the client did not begin: {begun}"

    def end(self) -> Turns:
        """What was measured. Where no number of ``turns`` was asked for, the turn that is under way
        is cut short, once each target has had one."""
        out, _ = self._process.communicate()  # closes its input, too
        assert not self._process.returncode, "the client failed"
        seen: Turns = json.loads(out)
        return seen


def pooled(turns: Turns) -> dict[str, list[float]]:
    """The latencies of all turns of each target together, sorted."""
    return {name: sorted(chain.from_iterable(of_it)) for name, of_it in turns.items()}


def percentile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
