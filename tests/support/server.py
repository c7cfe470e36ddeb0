"""The installed server as a process of its own, on a free port and a data directory of its own."""

import contextlib
import copy
import json
import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, Self

import httpx
from tests.support import processes
from tests.support.command import COMMAND
from tests.support.first_run import started_before
from tests.support.forked import Forked, suits

_READY_SECONDS = 60
_PAUSE = 0.05
_SHARE_PAUSED = 0.1
_LONGEST_PAUSE = 0.5


class Server:
    """``whipstitch serve``. As a context manager it starts on entry and is killed on exit, unless
    it has ended before. It keeps its port over restarts, so that clients find it again.

    ``environment`` are settings (``{"RATE_LIMIT": "0"}``: names without ``WHIPSTITCH_``), ``flags``
    further arguments. ``wait``: whether to return from a start only when ``/ready`` says 200.
    ``command``: another one that runs a server and prints what ``serve`` does. ``files``: so many
    it may have open. ``installed``: as a shell starts it, though tests fork. ``first``: whether its
    first start is to be one on an empty data directory, as it is by default where a test does not
    wait for it; else it may find there what a first start of before left (see ``first_run``)."""

    live_key: str
    test_key: str
    token: str
    project_id: str

    def __init__(
        self,
        data_dir: Path,
        *flags: str,
        environment: Mapping[str, str] | None = None,
        wait: bool = True,
        command: str = "serve",
        files: int | None = None,
        installed: bool = False,
        first: bool = False,
    ) -> None:
        self.data_dir = data_dir
        self.log_path = data_dir.with_name(data_dir.name + ".log")
        self.printed: dict[str, Any] = {}
        self.url = ""
        self._flags = flags
        self._environment = dict(environment or {})
        self._wait = wait
        self._command = command
        self._files = files
        self._installed = installed
        self._first = first or not wait or installed or bool(flags) or command != "serve"
        self._not_ready = ""
        self._port = 0
        self._process: subprocess.Popen[bytes] | Forked | None = None
        self._said: IO[str] | None = None
        self._client = httpx.Client(trust_env=False, timeout=60)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._client.close()

    @property
    def process(self) -> subprocess.Popen[bytes] | Forked:
        assert self._process is not None, "the server was not started"
        return self._process

    @property
    def log(self) -> str:
        """All that its runs wrote to standard error."""
        return self.log_path.read_text()

    def start(self, wait: bool | None = None) -> None:
        """Starts it, again on the same data directory. ``wait`` as for the class, which also says
        what it is by default."""
        made = None if self._first else started_before(self.data_dir, self._environment)
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith("WHIPSTITCH_")
        }
        settings = {f"WHIPSTITCH_{name}": value for name, value in self._environment.items()}
        arguments = [
            *(self._command, "--json", "--port", str(self._port)),
            *("--data-dir", str(self.data_dir), *self._flags),
        ]
        reading, writing = os.pipe()
        self._said = os.fdopen(reading, encoding="utf-8")
        try:
            with self.log_path.open("a") as log:
                self._process = self._begin(arguments, inherited | settings, writing, log.fileno())
        finally:
            os.close(writing)
        line = self._said.readline()
        assert '"address"' in line, f"the server said {line!r} and logged:\n{self.log}"
        self.printed = json.loads(line)
        self.url = self.printed["address"]
        self._port = int(self.url.rpartition(":")[2])
        if made := (self.printed["first_run"] or made):
            self.printed["first_run"] = made
            self.live_key, self.test_key = made["live_key"], made["test_key"]
            self.token, self.project_id = made["token"], made["project_id"]
        if self._wait if wait is None else wait:
            self.wait_until(self.is_ready, _READY_SECONDS)

    def in_new_project(self, name: str) -> "Server":
        """The same server with the keys and the token of a project of its own, for tests that see
        what a project has. Start and end the first one only."""
        answer = self.ask("/api/v1/projects", {"name": name})
        assert answer.status_code == 201, answer.text
        made = answer.json()
        other = copy.copy(self)
        other.live_key, other.test_key = made["live_key"], made["test_key"]
        other.token, other.project_id = made["token"], made["project"]["project_id"]
        # Refused for itself, once the key is known.
        nothing: dict[str, list[Any]] = {"operations": []}
        self.wait_until(
            lambda: all(
                other.send("/api/v1/batch", nothing, key).status_code == 400
                for key in (other.live_key, other.test_key)
            )
        )
        return other

    def kill(self) -> None:
        """``kill -9``, at once. Nothing where it does not run."""
        if self._process is None:
            return
        self._process.kill()
        self._ended(None)

    def terminate(self, seconds: float = 30) -> int:
        """SIGTERM; the exit code. Fails where it takes longer than ``seconds``."""
        self.process.send_signal(signal.SIGTERM)
        return self._ended(seconds)

    def clickhouse(self) -> int:
        """The process of its own ClickHouse, as soon as there is one."""
        self.wait_until(lambda: processes.clickhouse(self.process.pid) is not None)
        found = processes.clickhouse(self.process.pid)
        return found if found is not None else self.clickhouse()

    def kill_clickhouse(self, wait: bool = True) -> None:
        """``kill -9`` of its own ClickHouse. ``wait``: until the next one is ready."""
        killed = self.clickhouse()
        processes.kill([killed])
        self.wait_until(lambda: processes.clickhouse(self.process.pid) not in (None, killed))
        if wait:
            self.wait_until(self.is_ready)

    def send(
        self,
        path: str,
        body: object,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Posts ``body`` (bytes as they are, else as JSON) to ``path`` (``/api/v1/track``), with
        the live key where none is named."""
        return self._client.post(
            self.url + path,
            content=body if isinstance(body, bytes) else json.dumps(body).encode(),
            headers={
                "content-type": "application/json",
                "x-api-key": self.live_key if key is None else key,
                **(headers or {}),
            },
        )

    def get(
        self,
        path: str,
        params: Mapping[str, str | int] | None = None,
        token: str | None = None,
    ) -> httpx.Response:
        """Reads ``path`` with the first run's token where none is named."""
        credentials = f"Bearer {self.token if token is None else token}"
        return self._client.get(
            self.url + path, params=params, headers={"authorization": credentials}
        )

    def ask(
        self,
        path: str,
        body: object,
        params: Mapping[str, str | int] | None = None,
        token: str | None = None,
    ) -> httpx.Response:
        """Posts a question (bytes as they are, else as JSON) to ``path`` (``/api/v1/insights``),
        with the first run's token where none is named."""
        return self._client.post(
            self.url + path,
            params=params,
            content=body if isinstance(body, bytes) else json.dumps(body).encode(),
            headers={
                "content-type": "application/json",
                "authorization": f"Bearer {self.token if token is None else token}",
            },
        )

    def events(self, **params: str | int) -> list[dict[str, Any]]:
        """All events that match, of all pages, newest first."""
        found: list[dict[str, Any]] = []
        page: dict[str, str | int] = {"limit": 1000, **params}
        while True:
            answer = self.get("/api/v1/events", page)
            assert answer.status_code == 200, answer.text
            found += answer.json()["events"]
            cursor = answer.json()["next_cursor"]
            if cursor is None:
                return found
            page["cursor"] = cursor

    def is_ready(self) -> bool:
        try:
            answer = self._client.get(f"{self.url}/ready")
        except httpx.TransportError as error:
            self._not_ready = repr(error)
            return False
        self._not_ready = answer.text
        return answer.status_code == 200

    def metric(self, name: str) -> float:
        """The value of a metric, labels and all: ``whipstitch_inserted_rows_total{kind="event"}``.
        0 where it has none yet."""
        for line in self._client.get(f"{self.url}/metrics").text.splitlines():
            if line.startswith(name + " "):
                return float(line.rpartition(" ")[2])
        return 0.0

    def wait_until(self, predicate: Callable[[], bool], seconds: float = 60) -> None:
        """Asks ``predicate`` until it is true; fails after ``seconds``, or when the server ends.
        What takes long is asked for less often: each question keeps the server busy."""
        began = time.monotonic()
        give_up = began + seconds
        while not predicate():
            code = self.process.poll()
            assert code is None, f"the server ended with {code} and logged:\n{self.log}"
            assert time.monotonic() < give_up, (
                f"not within {seconds} s; /ready last said {self._not_ready}; log:\n{self.log}"
            )
            waited = time.monotonic() - began
            time.sleep(min(max(_PAUSE, waited * _SHARE_PAUSED), _LONGEST_PAUSE))

    def _begin(
        self, arguments: list[str], environment: dict[str, str], out: int, err: int
    ) -> subprocess.Popen[bytes] | Forked:
        if not self._installed and suits(environment):
            return Forked(COMMAND, arguments, environment, out, err, self._files)
        return subprocess.Popen(
            [COMMAND, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            preexec_fn=self._limit_files if self._files else None,
        )

    def _limit_files(self) -> None:
        assert self._files is not None
        resource.setrlimit(resource.RLIMIT_NOFILE, (self._files, self._files))

    def _ended(self, seconds: float | None) -> int:
        code = self.process.wait(seconds)
        assert self._said is not None
        with contextlib.closing(self._said):
            return code
