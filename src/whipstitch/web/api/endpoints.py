"""Endpoints: what each takes and answers, and who may ask it.

A handler is an async function ``(asking, sent, body) -> answer``. ``sent`` and ``body`` are msgspec
structs: the parameters of path and query, and the JSON body; either may be left out. What it
returns is a struct, sent as JSON, or a response. The types in its signature are what is read and
what ``/openapi.json`` describes: nothing is said twice."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar, get_args

import msgspec
from starlette.responses import Response

from whipstitch.core.projects import Environment
from whipstitch.registry.values import Role

H = TypeVar("H", bound=Callable[..., Awaitable[Any]])
Refusals = Mapping[int, str]
"""Statuses, and what each says about the request."""

NO_TOKEN: Final = "No token, or one that is not valid."  # noqa: S105 - a sentence
NOT_NOW: Final = "ClickHouse or the registry does not answer."
REFUSALS: Final[Refusals] = {
    400: "It cannot be done so; `error` names the field.",
    404: "There is no such thing in this environment.",
}
"""Of endpoints that are about something that people made here."""


class InEnvironment(msgspec.Struct, kw_only=True):
    """The parameter of every endpoint that looks at events, people or what was made of them."""

    environment: Environment = "live"


class Done(msgspec.Struct):
    """It is done."""

    ok: bool = True


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``who``: the least role that may ask, None: everybody. ``sent``, ``body`` and ``answers`` are
    the types of the handler's signature. ``examples`` are of bodies, ``shown`` of answers, each by
    a name. ``content`` describes an answer that is no JSON, by media type."""

    method: str
    path: str
    tag: str
    handler: Callable[..., Awaitable[Any]]
    summary: str
    who: Role | None = "viewer"
    status: int = 200
    cancellable: bool = False
    refusals: Refusals = field(default_factory=dict)
    examples: Mapping[str, Any] = field(default_factory=dict)
    shown: Mapping[str, Any] = field(default_factory=dict)
    content: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers of requests that mean something, each with what."""

    @property
    def name(self) -> str:
        return self.handler.__name__

    @property
    def sent(self) -> type[msgspec.Struct] | None:
        return self.handler.__annotations__.get("sent")

    @property
    def body(self) -> type[msgspec.Struct] | None:
        return self.handler.__annotations__.get("body")

    @property
    def answers(self) -> tuple[type[msgspec.Struct], ...]:
        """One of these; none: the handler makes the response."""
        given = self.handler.__annotations__["return"]
        return tuple(one for one in get_args(given) or (given,) if one is not Response)


class Routes:
    """The endpoints of a module. ``cancellable``: their work ends when the client goes away, what
    they ask of ClickHouse at that moment, too."""

    def __init__(
        self, prefix: str, tag: str, *, cancellable: bool = False, who: Role | None = "viewer"
    ) -> None:
        self.endpoints: list[Endpoint] = []
        self._prefix = prefix
        self._tag = tag
        self._cancellable = cancellable
        self._who = who

    def add(self, method: str, path: str, summary: str, **options: Any) -> Callable[[H], H]:
        """A decorator of handlers; ``options`` are fields of ``Endpoint``."""

        def added(handler: H) -> H:
            known = {"who": self._who, "cancellable": self._cancellable}
            self.endpoints.append(
                Endpoint(
                    method, self._prefix + path, self._tag, handler, summary, **(known | options)
                )
            )
            return handler

        return added


def all_of(modules: Sequence[Any]) -> list[Endpoint]:
    """The endpoints of modules that have ``routes``."""
    return [endpoint for module in modules for endpoint in module.routes.endpoints]
