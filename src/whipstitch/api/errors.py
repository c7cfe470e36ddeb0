"""Every error answer has the contract's shape: ``{"ok": false, "error": …}``."""

from typing import Literal

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from whipstitch.errors import RegistryUnavailable, StorageUnavailable


class Refused(BaseModel):
    """Every answer that is not a success."""

    ok: Literal[False]
    error: str


def _answer(status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"ok": False, "error": message}, status, headers)


def _http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type
    return _answer(error.status_code, str(error.detail), dict(error.headers or {}))


def _invalid(_request: Request, error: Exception) -> JSONResponse:
    """Names the field at fault."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"][1:])
    message = first["msg"].removeprefix("Value error, ")
    return _answer(400, f"{field}: {message}" if field else message)


def _unavailable(_request: Request, error: Exception) -> JSONResponse:
    return _answer(503, str(error), {"retry-after": "5"})


def _unexpected(_request: Request, _error: Exception) -> JSONResponse:
    return _answer(500, "Internal error: the server's log says more")


def register(app: FastAPI) -> None:
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(StorageUnavailable, _unavailable)
    app.add_exception_handler(RegistryUnavailable, _unavailable)
    app.add_exception_handler(Exception, _unexpected)
