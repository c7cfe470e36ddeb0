"""A web server on a free port that answers as a test tells it to."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass
class Page:
    """``length``: the ``Content-Length`` to announce, where it is not that of the body."""

    body: bytes
    status: int = 200
    length: int | None = None


@dataclass
class Downloads:
    """``pages`` maps paths to answers, all else is 404; ``asked`` lists the paths in order."""

    url: str
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


@contextmanager
def serving() -> Iterator[Downloads]:
    """Run the server for the length of a ``with`` block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            downloads.asked.append(self.path)
            page = downloads.pages.get(self.path, Page(b"", 404))
            self.send_response(page.status)
            length = len(page.body) if page.length is None else page.length
            self.send_header("Content-Length", str(length))
            self.end_headers()
            with suppress(ConnectionError):  # A client may have had enough.
                self.wfile.write(page.body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        downloads = Downloads(f"http://127.0.0.1:{server.server_port}")
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield downloads
        finally:
            server.shutdown()
            thread.join()
