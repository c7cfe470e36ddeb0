"""A directory of sealed segments as the loader's source. Run as a module it loads one until killed
or done: ``python folder.py DIRECTORY URL SCRATCH``."""

import sys
import threading
import time
from pathlib import Path

from whipstitch.journal.dead_letters import DeadLetters
from whipstitch.journal.segments import seal
from whipstitch.loader.inserts import Inserts
from whipstitch.loader.loader import Loader
from whipstitch.warehouse.connection import Address
from whipstitch.warehouse.store import Store


class Folder:
    """Segments that lie in ``directory`` already; nothing more is written."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def wait(self, rows: int, seconds: float, stop: threading.Event) -> bool:  # noqa: ARG002
        while not stop.wait(0.02):
            if self.sealed():
                return True
        return False

    def seal(self) -> None:
        """Nothing is open."""

    def sealed(self) -> list[Path]:
        return sorted(self.directory.glob("*.jsonl"))

    def remove(self, segment: Path) -> None:
        segment.unlink()

    def adopt(self, part: Path) -> None:
        seal(part)

    def set_aside(self, segment: Path, why: str) -> None:  # noqa: ARG002
        segment.rename(self.directory.parent / segment.name)


def new_loader(directory: Path, store: Store, scratch: Path) -> Loader:
    return Loader(
        Folder(directory),
        Inserts(store),
        DeadLetters(scratch / "deadletters"),
        scratch=scratch / "salvage",
    )


def _main(directory: str, url: str, scratch: str) -> None:
    store = Store(Address.parse(url), durable=False, retention_days=0)
    loader = new_loader(Path(directory), store, Path(scratch))
    loader.start()
    print("loading", flush=True)
    while any(Path(directory).glob("*.jsonl")):
        time.sleep(0.01)
    loader.drain(10)
    store.close()
    print("done", flush=True)


if __name__ == "__main__":
    _main(*sys.argv[1:])
