"""What the Live page asks for beside events: what was refused, dropped or set aside."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from starlette.responses import JSONResponse, Response

from whipstitch.core.projects import Scope
from whipstitch.core.rejections import Rejection
from whipstitch.web.api.times import moment
from whipstitch.web.dashboard.installation import ServerStatus
from whipstitch.web.dashboard.visits import PageContext

_MOST_SET_ASIDE: Final = 50
_LATELY: Final = timedelta(hours=1)


class Trouble:
    """``GET …/trouble``: what was met in the last hour, the latest first."""

    def __init__(self, installation: ServerStatus) -> None:
        self._installation = installation

    async def answer(self, visit: PageContext) -> Response:
        since = datetime.now(UTC) - _LATELY
        rejected = await self._installation.rejections(
            Scope(visit.project.id, visit.environment), since
        )
        found = [_rejected(one) for one in rejected] + await self._set_aside(visit, since)
        found.sort(key=lambda one: str(one["last"]), reverse=True)
        return JSONResponse({"ok": True, "trouble": found})

    async def _set_aside(self, visit: PageContext, since: datetime) -> list[dict[str, Any]]:
        rows = await self._installation.set_aside(visit.project.id, _MOST_SET_ASIDE, since)
        return [
            {
                "outcome": "set aside",
                "reason": row.reason,
                "endpoint": row.kind,
                "key_end": "",
                "count": 1,
                "last": moment(row.accepted),
                "hint": f"{row.event_name or 'The row'} waits under Settings, Storage, where an "
                "admin can have it loaded again.",
            }
            for row in rows
            if row.environment == visit.environment
        ]


def _rejected(rejection: Rejection) -> dict[str, Any]:
    cause = rejection.cause
    return {
        "outcome": cause.reason.outcome,
        "reason": cause.reason,
        "endpoint": cause.endpoint,
        "key_end": cause.key_end,
        "count": rejection.count,
        "last": moment(rejection.last),
        "hint": cause.reason.hint,
    }
