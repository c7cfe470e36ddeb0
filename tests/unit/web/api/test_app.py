"""The application, before it is asked anything."""

import asyncio

import fastapi.routing
import httpx
import pytest
from fastapi import APIRouter, FastAPI

from whipstitch.web.api.app import work_out_routes


def test_nothing_is_left_to_be_worked_out_by_the_first_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    router = APIRouter()

    @router.get("/double")
    def double(number: int) -> int:
        return 2 * number

    api = FastAPI()
    api.include_router(router)
    work_out_routes(api)
    monkeypatch.delattr(fastapi.routing, "get_dependant")

    async def ask() -> httpx.Response:
        door = httpx.ASGITransport(api)
        async with httpx.AsyncClient(transport=door, base_url="http://whipstitch") as client:
            return await client.get("/double?number=2")

    assert asyncio.run(ask()).json() == 4
