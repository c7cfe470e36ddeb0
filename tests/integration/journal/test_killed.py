"""The journal of a server that is killed at any moment."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.support.doors import journalled_rows

from whipstitch.journal.journal import Journal

WRITER = """
import asyncio, json, os, sys
from pathlib import Path
from whipstitch.journal.group_commit import Entry
from whipstitch.journal.journal import Journal

class Told(Entry):
    tell: object

    def done(self, durable):
        self.tell(durable)

async def main():
    journal = Journal(
        Path(sys.argv[1]), durability=sys.argv[2], backlog_limit=1 << 30, disk_reserve=0
    )
    journal.attach(asyncio.get_running_loop())
    os.write(1, b"ready\\n")

    async def client(name):
        for number in range(1_000_000):
            rows = [
                json.dumps({"k": "track", "accepted": 1, "request": f"{name}-{number}", "of": 3})
                for _ in range(3)
            ]
            done = asyncio.get_running_loop().create_future()
            lines = "".join(f"{row}\\n" for row in rows).encode()
            if not journal.append(Told(lines, 3, done.set_result)):
                await asyncio.sleep(0.001)
            elif await done:
                os.write(1, f"{name}-{number}\\n".encode())

    async def loader():
        while True:
            await asyncio.sleep(0.02)
            await asyncio.to_thread(journal.seal)

    await asyncio.gather(loader(), *(client(f"{sys.argv[3]}{name}") for name in "abcdefgh"))

asyncio.run(main())
"""


@pytest.mark.parametrize("durability", ["fsync", "os"])
def test_every_acknowledged_request_is_recovered_and_none_by_halves(
    tmp_path: Path, durability: str
) -> None:
    acknowledged: set[str] = set()
    moments = random.Random(1)  # noqa: S311 - not for secrets
    for number in range(5):
        arguments = [sys.executable, "-c", WRITER, str(tmp_path), durability, f"r{number}"]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
            time.sleep(moments.uniform(0.02, 0.15))
            writer.send_signal(signal.SIGKILL)
            # A line is one write, so the last one is whole.
            acknowledged.update(writer.stdout.read().decode().split())
        Journal(tmp_path, backlog_limit=1 << 30, disk_reserve=0).close()
        counts: dict[str, int] = {}
        for row in journalled_rows(tmp_path):
            counts[row["request"]] = counts.get(row["request"], 0) + 1
        assert set(counts.values()) == {3}
        assert acknowledged <= counts.keys()
        assert not list(tmp_path.glob("*.open"))
    assert len(acknowledged) > 100
