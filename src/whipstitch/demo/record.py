"""How far a demo's story has been told, in its data directory: a demo that was stopped goes on
where it was, and a directory without it is not a demo's."""

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final, Self

from whipstitch.core.errors import DemoError

_NAME: Final = "demo.json"


@dataclass(frozen=True, slots=True)
class Record:
    """The story (``now``, ``people``), the project it is told to, and how many of its deliveries
    were answered. ``told``: all of them; ``furnished``: the board was made."""

    project_id: str
    now: datetime
    people: int
    delivered: int = 0
    told: bool = False
    furnished: bool = False

    @classmethod
    def read(cls, data_dir: Path) -> Self | None:
        """None: no demo ran in that directory.

        Raises:
            DemoError: the record cannot be read.
        """
        path = data_dir / _NAME
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            return cls(**{**kept, "now": datetime.fromisoformat(kept["now"])})
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise DemoError(
                f"{path} cannot be read. Name another directory with --data-dir, and the demo "
                "starts afresh there."
            ) from error

    def write(self, data_dir: Path) -> None:
        """Raises:
        DemoError: it cannot be written.
        """
        path = data_dir / _NAME
        new = path.with_suffix(".new")
        try:
            new.write_text(json.dumps({**asdict(self), "now": self.now.isoformat()}))
            new.replace(path)
        except OSError as error:
            raise DemoError(f"{path} cannot be written: {error.strerror}.") from error

    def one_further(self) -> Self:
        return replace(self, delivered=self.delivered + 1)

    def with_furniture(self) -> Self:
        return replace(self, furnished=True)

    def at_the_end(self) -> Self:
        return replace(self, told=True)
