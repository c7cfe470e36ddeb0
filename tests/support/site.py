"""A web site of somebody else's, on an origin of its own."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Site:
    """``html`` is what each of its pages is, ``headers`` come with them. ``hold``: seconds that a
    page takes."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.html = ""
        self.headers: dict[str, str] = {}


@contextmanager
def serving_site() -> Iterator[Site]:
    """On a free port of localhost."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"" if self.path == "/favicon.ico" else site.html.encode()
            self.send_response(200)
            for name, value in site.headers.items():
                self.send_header(name, value)
            kind = "text/javascript" if self.path.endswith(".js") else "text/html; charset=utf-8"
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site = Site(f"http://localhost:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
