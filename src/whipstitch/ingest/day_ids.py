"""Ids of visitors in whose browsers nothing is stored: one person is one id for a day.

The id is a keyed hash of project, environment, address and ``User-Agent``. The key, a salt of the
day in UTC, is forgotten when the day is over; then nobody can find out whose an id was, nor that
two days' ids are the same visitor's."""

import contextlib
import json
import os
import secrets
from collections.abc import Callable
from datetime import UTC, date, datetime
from hashlib import blake2b
from pathlib import Path

from whipstitch.core.projects import IngestionKey

_BYTES = 32


class DayIds:
    """``now`` is the clock. ``memory`` is the file that keeps the day's salt from start to start,
    so that the first request after one has the id of the last one before it."""

    def __init__(self, memory: Path, now: Callable[[], datetime]) -> None:
        self._memory = memory
        self._now = now
        self._day: date | None = None
        self._salt = secrets.token_bytes(_BYTES)  # until the day's is known
        self._recall()

    def of(self, key: IngestionKey, ip: str, user_agent: bytes) -> str:
        """The visitor's id as of now. The same for each key of a project's environment."""
        said = f"{key.project.id}\n{key.environment}\n{ip}\n".encode() + user_agent
        return "cookieless_" + blake2b(said, key=self._salt, digest_size=16).hexdigest()

    def expire(self) -> bool:
        """Forgets the salt of a day that is over; True: ids have changed."""
        if self._day is None or self._day == self._today():
            return False
        self._day, self._salt = None, secrets.token_bytes(_BYTES)
        self._memory.unlink(missing_ok=True)
        return True

    def renew(self, salt_of: Callable[[date], bytes]) -> bool:
        """Takes the salt of today, where that is not known; True: ids have changed. ``salt_of``
        gives a day's, the same one to each node, and may raise: then nothing changes."""
        if self._day is not None:
            return False
        today = self._today()
        self._salt = salt_of(today)
        self._day = today
        with contextlib.suppress(OSError):  # then the next start has to ask
            self._remember(today)
        return True

    def _today(self) -> date:
        return self._now().astimezone(UTC).date()

    def _recall(self) -> None:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            kept = json.loads(self._memory.read_bytes())
            self._salt = bytes.fromhex(kept["salt"])
            self._day = date.fromisoformat(kept["day"])
            self.expire()

    def _remember(self, day: date) -> None:
        kept = {"day": day.isoformat(), "salt": self._salt.hex()}
        new = self._memory.with_name(self._memory.name + ".new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(kept, file)
        new.replace(self._memory)
