"""What the Live page asks for beside events: what was refused, dropped or set aside."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from starlette.responses import JSONResponse, Response

from whipstitch.analytics.events.pages import rfc3339
from whipstitch.ingest.rejections import MINUTES, Rejection
from whipstitch.web.dashboard.installation import ServerStatus
from whipstitch.web.dashboard.visits import PageContext

_MOST_SET_ASIDE: Final = 50


class Trouble:
    """``GET …/trouble``: the last hour, the latest first."""

    def __init__(self, installation: ServerStatus) -> None:
        self._installation = installation

    async def answer(self, visit: PageContext) -> Response:
        """Requests without a key of ours belong to no project: whoever looks for theirs sees
        all of them."""
        own = self._installation.refusals(visit.project.id)
        strangers = self._installation.refusals(None)
        found = [_refused(one) for one in (*own, *strangers) if _concerns(one, visit)]
        found += await self._set_aside(visit)
        found.sort(key=lambda one: str(one["last"]), reverse=True)
        return JSONResponse({"ok": True, "trouble": found})

    async def _set_aside(self, visit: PageContext) -> list[dict[str, Any]]:
        since = datetime.now(UTC) - timedelta(minutes=MINUTES)
        rows = await self._installation.set_aside(visit.project.id, _MOST_SET_ASIDE, since)
        return [
            {
                "outcome": "set aside",
                "reason": row.reason,
                "endpoint": row.kind,
                "key_end": "",
                "count": 1,
                "last": rfc3339(int(row.accepted.timestamp() * 1000)),
                "hint": f"{row.event_name or 'The row'} waits under Settings, Storage, where an "
                "admin can have it loaded again.",
            }
            for row in rows
            if row.environment == visit.environment
        ]


def _concerns(refusal: Rejection, visit: PageContext) -> bool:
    return refusal.cause.environment in (None, visit.environment)


def _refused(refusal: Rejection) -> dict[str, Any]:
    cause = refusal.cause
    return {
        "outcome": cause.reason.outcome,
        "reason": cause.reason,
        "endpoint": cause.endpoint,
        "key_end": cause.key_end,
        "count": refusal.count,
        "last": rfc3339(int(refusal.last * 1000)),
        "hint": cause.reason.hint,
    }
