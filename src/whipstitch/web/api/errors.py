"""Every error answer has the contract's shape: ``{"ok": false, "error": …}``."""

from collections.abc import Sequence
from typing import Literal

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from whipstitch.core.errors import (
    CohortInUse,
    InvalidQuery,
    QueryTimedOut,
    QueryTooLarge,
    RegistryError,
    RegistryUnavailable,
    StorageUnavailable,
    UnknownBoard,
    UnknownCohort,
    UnknownQuestion,
)
from whipstitch.core.turns import NoRoom


class Refused(BaseModel):
    """Every answer that is not a success."""

    ok: Literal[False]
    error: str


def field_at_fault(place: Sequence[str | int], message: str) -> tuple[str, str]:
    """What pydantic found wrong, as we say it: the path of a field and a message."""
    steps = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return "".join(steps).removeprefix("."), message.removeprefix("Value error, ")


def _answer(status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"ok": False, "error": message}, status, headers)


def _http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type
    return _answer(error.status_code, str(error.detail), dict(error.headers or {}))


def _invalid(_request: Request, error: Exception) -> JSONResponse:
    """Names the field at fault."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return _answer(400, "Invalid request body")
    field, message = field_at_fault(first["loc"][1:], first["msg"])
    return _answer(400, f"{field}: {message}" if field else message)


def _impossible(_request: Request, error: Exception) -> JSONResponse:
    return _answer(400, str(error))


def _unknown(_request: Request, error: Exception) -> JSONResponse:
    return _answer(404, str(error))


def _in_use(_request: Request, error: Exception) -> JSONResponse:
    return _answer(409, str(error))


def _timed_out(_request: Request, error: Exception) -> JSONResponse:
    return _answer(408, str(error))


def _too_large(_request: Request, error: Exception) -> JSONResponse:
    return _answer(413, str(error))


def _no_room(_request: Request, error: Exception) -> JSONResponse:
    return _answer(429, str(error), {"retry-after": "5"})


def _unavailable(_request: Request, error: Exception) -> JSONResponse:
    return _answer(503, str(error), {"retry-after": "5"})


def _unexpected(_request: Request, _error: Exception) -> JSONResponse:
    return _answer(500, "Internal error: the server's log says more")


def register(app: FastAPI) -> None:
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(InvalidQuery, _impossible)
    app.add_exception_handler(RegistryError, _impossible)
    for unknown in (UnknownCohort, UnknownQuestion, UnknownBoard):
        app.add_exception_handler(unknown, _unknown)
    app.add_exception_handler(CohortInUse, _in_use)
    app.add_exception_handler(QueryTimedOut, _timed_out)
    app.add_exception_handler(QueryTooLarge, _too_large)
    app.add_exception_handler(NoRoom, _no_room)
    app.add_exception_handler(StorageUnavailable, _unavailable)
    app.add_exception_handler(RegistryUnavailable, _unavailable)
    app.add_exception_handler(Exception, _unexpected)
