"""One request to the server, and what its answer means."""

from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from http.client import HTTPException
from time import time
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

_PATH: Final = "/api/v1/batch"
_LONGEST_ANSWER: Final = 2048
_AGAIN: Final = frozenset((429, 502, 503, 504))
"""502 and 504 are a proxy's words for a network that failed between it and the server."""
_BODY_REFUSED: Final = frozenset((400, 413))


class Meaning(Enum):
    """What becomes of the operations that were sent."""

    TAKEN = auto()
    LATER = auto()
    """They are to be sent again."""
    BODY_REFUSED = auto()
    """One of them, or their size, is refused: others may be taken without it."""
    REFUSED = auto()
    """Whatever is sent is refused: the key is wrong, or the address."""


@dataclass(frozen=True)
class Answer:
    """``wait``: seconds that the server asks to wait before the next request."""

    meaning: Meaning
    said: str
    wait: float | None = None


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_sent: Any, **_named: Any) -> None:
        """A POST that is redirected would arrive as a GET, and be answered 200 without its
        operations."""


class Transport:
    """Posts batches to ``host`` with ``key``. Proxies are those of the environment."""

    def __init__(self, host: str, key: str, timeout: float, agent: str) -> None:
        """``timeout`` in seconds.

        Raises:
            ValueError: ``host`` is no http(s) address.
        """
        address = urlsplit(host)
        if address.scheme not in ("http", "https") or not address.netloc:
            raise ValueError(
                f"host must be an address like https://analytics.example, not {host!r}"
            )
        self._url = host.rstrip("/") + _PATH
        self._headers = {
            "x-api-key": key,
            "content-type": "application/json",
            "user-agent": agent,
        }
        self._timeout = timeout
        self._opener: OpenerDirector = build_opener(_NoRedirect)

    def send(self, operations: Sequence[bytes]) -> Answer:
        body = b'{"operations":[' + b",".join(operations) + b"]}"
        request = Request(self._url, body, self._headers, method="POST")  # noqa: S310 - checked
        try:
            with self._opener.open(request, timeout=self._timeout) as answer:
                text = answer.read(_LONGEST_ANSWER).decode(errors="replace")
                return Answer(Meaning.TAKEN, text)
        except HTTPError as error:
            with error:
                return _refusal(error)
        except (HTTPException, OSError) as error:
            return Answer(Meaning.LATER, f"{type(error).__name__}: {error}")


def _refusal(error: HTTPError) -> Answer:
    try:
        text = error.read(_LONGEST_ANSWER).decode(errors="replace")
    except (OSError, HTTPException):
        text = ""
    said = f"{error.code} {text}".strip()
    if error.code in _AGAIN:
        return Answer(Meaning.LATER, said, retry_after(error.headers.get("retry-after")))
    meaning = Meaning.BODY_REFUSED if error.code in _BODY_REFUSED else Meaning.REFUSED
    return Answer(meaning, said)


def retry_after(header: str | None) -> float | None:
    """Seconds to wait, of a header that has them or a date."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time())
    except (ValueError, OverflowError):
        return None
