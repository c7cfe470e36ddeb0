"""Every error answer has the contract's shape: ``{"ok": false, "error": …}``."""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from whipstitch.core.errors import (
    CohortInUse,
    InvalidQuery,
    NameInUse,
    PatternRefused,
    QueryTimedOut,
    QueryTooLarge,
    RegistryError,
    RegistryUnavailable,
    StorageUnavailable,
    UnknownBoard,
    UnknownCohort,
    UnknownMeaning,
    UnknownQuestion,
)
from whipstitch.core.turns import NoRoom

STATUSES: Final[Mapping[type[Exception], int]] = {
    InvalidQuery: 400,
    PatternRefused: 400,
    RegistryError: 400,
    UnknownCohort: 404,
    UnknownQuestion: 404,
    UnknownBoard: 404,
    UnknownMeaning: 404,
    QueryTimedOut: 408,
    CohortInUse: 409,
    NameInUse: 409,
    QueryTooLarge: 413,
    NoRoom: 429,
    StorageUnavailable: 503,
    RegistryUnavailable: 503,
}
"""What our errors are answered with; of one that is several of them, the most exact."""


class Refused(msgspec.Struct):
    """Every answer that is not a success."""

    ok: Literal[False]
    error: str


def refused(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    content = msgspec.json.encode(Refused(ok=False, error=message))
    return Response(content, status, headers, media_type="application/json")


def handlers() -> dict[Any, Any]:
    """By type, as Starlette takes them."""
    return {
        HTTPException: _http,
        **{error: _ours(status) for error, status in STATUSES.items()},
        Exception: _unexpected,
    }


def _http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type
    return refused(error.status_code, str(error.detail), error.headers)


def _ours(status: int) -> Any:
    headers = {"retry-after": "5"} if status in (429, 503) else None

    def answer(_request: Request, error: Exception) -> Response:
        return refused(status, str(error), headers)

    return answer


def _unexpected(_request: Request, _error: Exception) -> Response:
    return refused(500, "Internal error: the server's log says more")
