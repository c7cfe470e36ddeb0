"""The child process on a system that does not end it with its parent."""

import subprocess
import sys
from pathlib import Path

from tests.support.processes import are_gone
from tests.support.stitching import until

from whipstitch.warehouse.local import launch

_PARENT = """
import os, subprocess, sys
launch = "import sys, runpy; sys.platform = 'darwin'; sys.argv = sys.argv[1:]; " \\
    "runpy.run_path(sys.argv[0], run_name='__main__')"
run = [sys.executable, "-c", launch, sys.argv[1], str(os.getpid()), "0", sys.argv[2]]
child = subprocess.Popen([*run, "/bin/sleep", "60"])
print(child.pid, flush=True)
sys.stdin.read()
"""


def _is_sleeping(process: int) -> bool:
    """Whether it has become its command, and so watches its parent."""
    return b"sleep" in Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")[0]


def test_it_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, launch.__file__, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        until(lambda: _is_sleeping(child))

        parent.kill()
        parent.wait()

    assert are_gone([child])
