"""Whether the cohorts exist that a request's filters name:
``APIRouter(dependencies=[COHORTS_EXIST])`` with ``QueryRoute``.

Where it is not so, the filter would quietly let nobody through."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool

from whipstitch.core.errors import InvalidQuery
from whipstitch.core.projects import Scope
from whipstitch.registry.store import Registry
from whipstitch.web.api.reading import CurrentScope

_LISTS: Final = ("filters", "all", "any")
"""What lists of filters are called."""


async def check_cohorts(request: Request, scope: Scope, named: Mapping[str, str]) -> None:
    """``named``: ids by the paths of the fields that have them.

    Raises:
        InvalidQuery: there is no such cohort.
    """
    registry: Registry = request.app.state.registry
    known = {one.id for one in await run_in_threadpool(registry.list_cohorts, scope)}
    for path, cohort_id in named.items():
        if cohort_id not in known:
            raise InvalidQuery(path, "there is no such cohort in this environment")


async def _check(request: Request, scope: CurrentScope) -> None:
    try:
        named = dict(_named(await request.json()))
    except (ValueError, RecursionError):
        return  # whoever reads the body says so
    if named:
        await check_cohorts(request, scope, named)


COHORTS_EXIST: Final = Depends(_check)


def _named(body: Any) -> Iterator[tuple[str, str]]:
    """The cohorts in lists of filters, with their paths."""
    waiting: list[tuple[str, Any, bool]] = [("", body, False)]
    while waiting:
        path, value, is_filter = waiting.pop()
        if isinstance(value, dict):
            if is_filter and isinstance(value.get("cohort"), str):
                yield f"{path}.cohort", value["cohort"]
            for name, one in value.items():
                below = f"{path}.{name}" if path else name
                if name in _LISTS and isinstance(one, list):
                    waiting += [(f"{below}[{at}]", item, True) for at, item in enumerate(one)]
                else:
                    waiting.append((below, one, False))
        elif isinstance(value, list):
            waiting += [(f"{path}[{at}]", item, False) for at, item in enumerate(value)]
