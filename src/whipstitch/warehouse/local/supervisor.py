"""The child as the rest of the server sees it: there, started again when it ends or hangs, gone
with us."""

import errno
import http.client
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import structlog

from whipstitch.core.errors import StorageUnavailable, WhipstitchError
from whipstitch.core.projects import SqlUser
from whipstitch.core.worker import BackgroundWorker
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.connection import DATABASE, Address
from whipstitch.warehouse.errors import translated
from whipstitch.warehouse.local import small_files
from whipstitch.warehouse.local.command import command, is_from_wheel
from whipstitch.warehouse.local.config import LocalSettings, config_xml
from whipstitch.warehouse.local.connection import LOOPBACK, Connection, choose, write_private
from whipstitch.warehouse.local.process import Process
from whipstitch.warehouse.local.users import users_xml
from whipstitch.warehouse.write_guard import WriteGuard

log = structlog.get_logger(__name__)

_NICENESS: Final = 19
"""Of the whole process: what computes gives way to what takes events in."""
_TURN_SECONDS: Final = 0.1
_STARTING_SECONDS: Final = 0.02
_PING_SECONDS: Final = 1.0
_ANSWER_SECONDS: Final = 5.0
_HANGS_SECONDS: Final = 20.0
"""Without an answer for so long it is started again."""
_STARTS_SECONDS: Final = 600.0
"""How long it may take to open what it has, before it answers for the first time."""
_LOOK_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 5.0
_FIRST_BACKOFF: Final = 0.1
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT)
_OURS: Final = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
_LONGEST_BACKOFF: Final = 10.0
_LONG_LIFE_SECONDS: Final = 30.0
"""Whoever lived so long is started again at once."""


class LocalClickHouse:
    """A ClickHouse server in a directory, as a child process. It is started, watched and ended on
    one thread, with which the kernel would end it, too."""

    def __init__(self, settings: LocalSettings, sql_users: Sequence[SqlUser] = ()) -> None:
        self.guard = WriteGuard(settings.directory)
        self.starts = 0
        """How often it was started."""
        self._settings = settings
        self._users = tuple(sql_users)
        self._connection: Connection | None = None
        self._process: Process | None = None
        self._born = self._answered = self._asked = self._looked = 0.0
        self._left = 0.0
        self._client: Client | None = None
        self._away: str | None = "ClickHouse is starting."
        self._backoff = _FIRST_BACKOFF
        self._due = 0.0
        self._restart = threading.Event()
        self._ready = threading.Event()
        self._work = BackgroundWorker("clickhouse", self._turn, self._pause, self._end)

    def start(self) -> None:
        """Begins to start it, and does not wait until it answers.

        Raises:
            StorageUnavailable: its directory cannot be used, and not for want of room.
            SettingsError: there is no ClickHouse to run.
        """
        directory = self._settings.directory
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._connection = choose(
                directory, self._settings.http_port, self._settings.native_port
            )
            self._write_config(self._connection)
        except OSError as error:
            if error.errno not in _NO_ROOM:  # which may be freed
                raise StorageUnavailable(
                    f"ClickHouse's directory {directory} cannot be used: {error.strerror}."
                ) from error
        self._command()  # raises what is wrong with the settings
        self._left = time.monotonic()
        self._work.start()

    def stop(self, seconds: float = _STOP_SECONDS) -> None:
        """Ends it, and waits for that at most so long."""
        self._work.stop(seconds)

    def wait_ready(self, seconds: float) -> bool:
        """Waits until it answers. False: not within that time."""
        return self._ready.wait(seconds)

    def wait_back(self, seconds: float) -> bool:
        """Waits until it answers, but no longer than so many seconds after it went away: who asks
        later learns at once that it is."""
        return self._ready.wait(max(0.0, self._left + seconds - time.monotonic()))

    def set_users(self, sql_users: Sequence[SqlUser]) -> None:
        """Lets these read and nobody else, from the next start on, which is at once where they are
        others than before. May be called from any thread."""
        if tuple(sql_users) != self._users:
            self._users = tuple(sql_users)
            self._restart.set()
            self._work.wake()

    @property
    def problem(self) -> str | None:
        """Why it does not answer, for a person; None: it does."""
        return self._away and (self._work.problem or self._away)

    @property
    def address(self) -> Address:
        """Where it listens. Known after ``start``; a later start may have to use other ports."""
        if self._connection is None:
            raise StorageUnavailable("ClickHouse was not started yet.")
        return self._connection.address

    def undefined(self) -> list[Path]:
        """Where rows of tables are whose definition is gone."""
        return small_files.undefined(self._settings.directory)

    @property
    def native_port(self) -> int:
        """Of ClickHouse's own protocol, as ``address`` is of HTTP."""
        return self._connection.native_port if self._connection else 0

    @property
    def process_id(self) -> int | None:
        """None while there is none."""
        return self._process.id if self._process else None

    # On the thread

    def _pause(self) -> float:
        return _STARTING_SECONDS if not self._ready.is_set() else _TURN_SECONDS

    def _turn(self) -> None:
        now = time.monotonic()
        if self._process is None:
            if now >= self._due:
                self._spawn(now)
        elif (ended := self._process.how_it_ended()) is not None:
            log.error("clickhouse_ended", how=ended)
            self._gone(now, f"It ended {ended} and is started again.", backoff=self._backoff)
        elif self._restart.is_set() or self.guard.failed:
            self._kill(now, "It is started again.")
        elif now - self._asked >= (_PING_SECONDS if self._ready.is_set() else 0):
            self._ping(now)
            self._look_at_writes(now)

    def _spawn(self, now: float) -> None:
        self._restart.clear()
        self.guard.begin()
        try:
            self._begin()
        except (OSError, WhipstitchError) as error:
            why = f"ClickHouse cannot be started: {_readable(error)}."
            if why != self._away:
                log.error("clickhouse_not_started", problem=why)
            self._away = why
            self._due = now + self._backoff
            self._backoff = min(self._backoff * 2, _LONGEST_BACKOFF)
            return
        self.starts += 1
        self._born = self._answered = now

    def _begin(self) -> None:
        directory = self._settings.directory
        self._connection = choose(directory, self._settings.http_port, self._settings.native_port)
        self._write_config(self._connection)
        small_files.mend(directory)
        self.guard.keep_definitions()
        self._process = Process(self._command(), directory)

    def _ping(self, now: float) -> None:
        self._asked = now
        if self._answers():
            if not self._ready.is_set():
                log.info("clickhouse_ready", seconds=round(now - self._born, 2))
            self._answered = time.monotonic()
            self._away = None
            self._ready.set()
            if now - self._born > _LONG_LIFE_SECONDS:
                self._backoff = _FIRST_BACKOFF
            return
        silent = time.monotonic() - self._answered
        if self._ready.is_set():
            self._away = f"ClickHouse has not answered for {silent:.0f} seconds."
        if silent > (_HANGS_SECONDS if self._ready.is_set() else _STARTS_SECONDS):
            log.error("clickhouse_hangs", seconds=round(silent))
            self._kill(now, f"It did not answer for {silent:.0f} seconds and is started again.")

    def _answers(self) -> bool:
        assert self._connection is not None  # noqa: S101 - chosen before the first start
        there = http.client.HTTPConnection(
            LOOPBACK, self._connection.http_port, timeout=_ANSWER_SECONDS
        )
        try:
            there.request("GET", "/ping")
            return there.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, OSError) and error.errno in _OURS:
                raise  # nothing that ending ClickHouse would mend
            return False
        finally:
            there.close()

    def _look_at_writes(self, now: float) -> None:
        """Inserts look by themselves; this finds what merges could not write."""
        if not self._ready.is_set() or now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        try:
            with translated():
                if self._client is None:
                    self._client = self.address.connect(
                        {}, seconds=_ANSWER_SECONDS, database="default"
                    )
                self.guard.look(self._client)
        except StorageUnavailable:
            # It is away, which is noticed elsewhere, or must be started again.
            self._client = None

    def _kill(self, now: float, why: str) -> None:
        assert self._process is not None  # noqa: S101 - looked at before
        self._process.kill()
        self._gone(now, why, backoff=self._backoff if self.guard.failed else 0.0)

    def _gone(self, now: float, why: str, *, backoff: float) -> None:
        if self._ready.is_set():
            self._left = now
        self._ready.clear()
        self._process = None
        self._away = f"ClickHouse is away. {why}"
        self._due = now + backoff
        self._backoff = min(self._backoff * 2, _LONGEST_BACKOFF)

    def _end(self) -> None:
        if self._process is not None:
            self._process.end(_STOP_SECONDS)
            self._process = None

    def _command(self) -> list[str]:
        return command(self._settings.directory, self._settings.binary, _NICENESS)

    def _write_config(self, connection: Connection) -> None:
        directory = self._settings.directory
        from_wheel = is_from_wheel(self._command())
        files = {
            "config.xml": config_xml(self._settings, connection),
            "users.xml": users_xml(
                connection.password, self._users, DATABASE, from_wheel=from_wheel
            ),
        }
        for name, text in files.items():
            write_private(directory / name, text)


def _readable(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror} ({error.filename})" if error.filename else error.strerror
    return str(error).rstrip(".")
