"""What the server is compared with, as processes of their own on the server's core: a bare ASGI
application, and the floor in C."""

import contextlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from benchmarks.processes import SERVER_CORE, free_port, pin

_ECHO: Final = """
import sys, uvicorn
async def app(scope, receive, send):
    message = await receive()
    body = message["body"]
    while message.get("more_body"):
        message = await receive()
        body += message["body"]
    length = str(len(body)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", length)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
uvicorn.run(app, port=int(sys.argv[1]), loop="uvloop", http="httptools", lifespan="off",
            access_log=False, log_level="warning", timeout_keep_alive=75)
"""
"""An ASGI function that sends a request's body back, and nothing else."""
_SOURCE: Final = Path(__file__).with_name("floor.c")
_COMPILERS: Final = ("cc", "gcc", "clang")
NO_COMPILER: Final = "skipped: there is no C compiler (apt-get install gcc libc6-dev)"


@contextlib.contextmanager
def echo() -> Iterator[str]:
    """The bare ASGI application; gives its URL."""
    port = free_port()
    with _running([sys.executable, "-c", _ECHO, str(port)], port) as url:
        yield url


@contextlib.contextmanager
def floor(*, synced: bool = True) -> Iterator[str | None]:
    """The program of ``floor.c``, compiled anew; gives its URL, or None where no compiler is
    installed. Its file lies where the server's data directories lie."""
    compiler = next(filter(None, map(shutil.which, _COMPILERS)), None)
    if compiler is None:
        yield None
        return
    port = free_port()
    with tempfile.TemporaryDirectory() as directory:
        program, file = f"{directory}/floor", f"{directory}/groups"
        subprocess.run([compiler, "-O2", "-pthread", "-o", program, str(_SOURCE)], check=True)
        options = [] if synced else ["unsynced"]
        with _running([program, str(port), file, *options], port) as url:
            yield url


@contextlib.contextmanager
def _running(command: Sequence[str], port: int) -> Iterator[str]:
    process = subprocess.Popen(command, preexec_fn=lambda: pin(0, SERVER_CORE))
    try:
        for _ in range(1000):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.01)
        else:
            raise RuntimeError(f"{command[0]} does not listen on port {port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()
