"""The way of a request through an endpoint: who asks, what is sent, the handler, the answer."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from zoneinfo import ZoneInfo

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from whipstitch.analytics.session import QuerySession
from whipstitch.core.errors import InvalidQuery
from whipstitch.core.projects import Environment, Scope
from whipstitch.web.api.cancelling import while_present
from whipstitch.web.api.endpoints import Endpoint
from whipstitch.web.api.fields import body_of, parameters_of
from whipstitch.web.api.services import Services
from whipstitch.web.auth.access import Reader, must_have, reader_of


class Asking:
    """One request, of somebody who may make it."""

    def __init__(
        self,
        request: Request,
        services: Services,
        reader: Reader | None,
        environment: Environment,
        stack: AsyncExitStack,
    ) -> None:
        self.request = request
        self.services = services
        self.registry = services.registry
        self._reader = reader
        self._environment = environment
        self._stack = stack
        self._session: QuerySession | None = None

    @property
    def reader(self) -> Reader:
        """Who asks, of an endpoint that is not for everybody."""
        assert self._reader is not None  # noqa: S101 - such an endpoint has one
        return self._reader

    @property
    def scope(self) -> Scope:
        return Scope(self.reader.project_id, self._environment)

    @property
    def zone(self) -> ZoneInfo:
        """Where the project's days begin."""
        return ZoneInfo(self.reader.timezone)

    async def session(self) -> QuerySession:
        """One look at the storage, the same for the whole request."""
        if self._session is None:
            opened = self.services.sessions.open(self.scope, self.reader.id)
            self._session = await self._stack.enter_async_context(opened)
        return self._session

    async def must_exist(self, cohorts: Mapping[str, str]) -> None:
        """That there are these cohorts, ids by the paths of the fields that have them. Where it is
        not so, a filter would quietly let nobody through.

        Raises:
            InvalidQuery
        """
        if not cohorts:
            return
        found = await run_in_threadpool(self.registry.list_cohorts, self.scope)
        known = {one.id for one in found}
        for path, cohort_id in cohorts.items():
            if cohort_id not in known:
                raise InvalidQuery(path, "there is no such cohort in this environment")


def answering(endpoint: Endpoint, services: Services) -> Callable[[Request], Awaitable[Response]]:
    """What answers requests for an endpoint."""
    sent_type, body_type = endpoint.sent, endpoint.body

    async def answer(request: Request) -> Response:
        reader = None
        if endpoint.who is not None:
            reader = await reader_of(request, services.registry)
            must_have(reader, endpoint.who)
        arguments: dict[str, msgspec.Struct] = {}
        if sent_type is not None:
            arguments["sent"] = parameters_of(request, sent_type)
        if body_type is not None:
            arguments["body"] = body_of(await request.body(), body_type)
        environment: Environment = getattr(arguments.get("sent"), "environment", "live")
        async with AsyncExitStack() as stack:
            asking = Asking(request, services, reader, environment, stack)
            given = await endpoint.handler(asking, **arguments)
        if isinstance(given, Response):
            return given
        return as_json(given, endpoint.status)

    if not endpoint.cancellable:
        return answer

    async def answerwhile_present(request: Request) -> Response:
        return await while_present(request, answer)

    return answerwhile_present


def as_json(answer: msgspec.Struct, status: int = 200) -> Response:
    return Response(msgspec.json.encode(answer), status, media_type="application/json")


def not_found(message: str) -> HTTPException:
    return HTTPException(404, message)
