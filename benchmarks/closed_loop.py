"""Load by wrk: each connection sends its next request when it has the answer to the one before, so
the rate is what the server can do."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.payloads import Target
from benchmarks.processes import LOAD_CORE, pin

_SCRIPT: Final = """\
local file, requests, at = io.open("{directory}/requests", "rb"), {{}}, 0
for length in io.lines("{directory}/lengths") do
    requests[#requests + 1] = file:read(tonumber(length))
end
request = function()
    at = at % #requests + 1
    return requests[at]
end
"""


class Seen(NamedTuple):
    """``refused``: answers that were not 2xx or 3xx, and socket errors."""

    requests_per_second: float
    refused: int


def wrk(target: Target, *, connections: int, seconds: float, core: int | None = LOAD_CORE) -> Seen:
    """Sends the target's requests for ``seconds``, in whole seconds; at least one."""
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed: apt-get install wrk")
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "requests").write_bytes(b"".join(target.requests))
        Path(directory, "lengths").write_text("\n".join(str(len(one)) for one in target.requests))
        script = Path(directory, "requests.lua")
        script.write_text(_SCRIPT.format(directory=directory))
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s"]
        out = subprocess.run(
            [*command, "-s", str(script), target.url],
            check=True,
            capture_output=True,
            text=True,
            preexec_fn=lambda: pin(0, core),
        ).stdout
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    errors = re.search(r"Socket errors: (.*)", out)
    lost = sum(map(int, re.findall(r"\d+", errors[1]))) if errors else 0
    found = re.search(r"Requests/sec:\s+([\d.]+)", out)
    assert found is not None, out
    return Seen(float(found[1]), lost + (int(refused[1]) if refused else 0))
