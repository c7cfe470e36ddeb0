"""Loads a directory of segments as ``folder`` does, but is killed as soon as it loads an event with
a certain name: ``python fatal.py DIRECTORY URL SCRATCH``."""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, Final

from tests.support.folder import Folder

from whipstitch.journal.dead_letters import DeadLetters
from whipstitch.loader.inserts import Inserts
from whipstitch.loader.loader import Loader
from whipstitch.warehouse.connection import Address
from whipstitch.warehouse.store import Store

NAME: Final = "fatal"


class _Fatal(Inserts):
    def load(self, segments: Any, *args: Any, **options: Any) -> None:
        if any(f'"{NAME}"'.encode() in segment.read_bytes() for segment in segments):
            os.kill(os.getpid(), signal.SIGKILL)
        super().load(segments, *args, **options)


def _main(directory: str, url: str, scratch: str) -> None:
    store = Store(Address.parse(url), durable=False, retention_days=0)
    store.prepare().result()
    loader = Loader(
        Folder(Path(directory)),
        _Fatal(store),
        DeadLetters(Path(scratch) / "deadletters"),
        scratch=Path(scratch) / "scratch",
    )
    loader.start()
    while any(Path(directory).glob("*.jsonl")):
        time.sleep(0.01)
    loader.drain(10)
    store.close()
    print("done", flush=True)


if __name__ == "__main__":
    _main(*sys.argv[1:])
