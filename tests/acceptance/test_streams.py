"""Streams of events and exports while the server comes and goes."""

import os
import signal
from pathlib import Path

import httpx
import pytest
from tests.support.server import Server


def _stream(server: Server, client: httpx.Client) -> httpx.Response:
    request = client.build_request(
        "GET",
        f"{server.url}/api/v1/events/stream",
        headers={"authorization": f"Bearer {server.token}"},
    )
    return client.send(request, stream=True)


def test_an_open_stream_is_ended_and_does_not_hold_up_sigterm(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server, httpx.Client(trust_env=False, timeout=30) as client:
        answer = _stream(server, client)
        lines = answer.iter_lines()
        assert next(lines) == "retry: 1000"
        assert server.terminate(10) == 0
        # To its end: a connection that is cut would raise.
        assert all(line == "" or line.startswith(":") for line in lines)
        assert "graceful shutdown exceeded" not in server.log
        assert "Traceback" not in server.log


def test_a_killed_server_cuts_a_stream(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server, httpx.Client(trust_env=False, timeout=30) as client:
        answer = _stream(server, client)
        lines = answer.iter_lines()
        assert next(lines) == "retry: 1000"
        os.kill(server.process.pid, signal.SIGKILL)
        with pytest.raises(httpx.TransportError):
            list(lines)
