"""``GET /api/v1/rejections``."""

from datetime import UTC, datetime
from typing import Final

import msgspec
from starlette.concurrency import run_in_threadpool

from whipstitch.analytics.expressions.intervals import Interval, intervals
from whipstitch.analytics.expressions.time_ranges import parse_range
from whipstitch.core.reasons import Outcome, Reason
from whipstitch.core.rejections import Rejection
from whipstitch.web.api.asking import Asking
from whipstitch.web.api.endpoints import InEnvironment, Routes
from whipstitch.web.api.parameters import From, To
from whipstitch.web.api.times import moment

routes = Routes("/api/v1/rejections", "events")

_EXAMPLE: Final = {
    "ok": True,
    "intervals": ["2026-05-08T00:00:00.000Z", "2026-05-09T00:00:00.000Z"],
    "rejections": [
        {
            "reason": "garbage_id",
            "outcome": "discarded",
            "hint": Reason.GARBAGE_ID.hint,
            "endpoint": "batch",
            "values": [0, 12],
            "total": 12,
            "last": "2026-05-09T14:32:01.482Z",
        }
    ],
}


class Range(InEnvironment, kw_only=True):
    """Which rejections, and how they are counted together."""

    from_: From = msgspec.field(name="from", default=None)
    to: To = None
    interval: Interval = "day"


class RejectionLine(msgspec.Struct):
    """What was rejected for one reason at one endpoint: ``values`` by interval."""

    reason: Reason
    outcome: Outcome
    hint: str
    endpoint: str
    values: list[int]
    total: int
    last: str


class RejectionReport(msgspec.Struct):
    """Rejections over time, the most frequent first."""

    intervals: list[str]
    rejections: list[RejectionLine]
    ok: bool = True


@routes.add(
    "GET",
    "",
    "What was not stored, or not as sent",
    shown={"report": _EXAMPLE},
    refusals={400: "A parameter cannot be used; `error` names it."},
)
async def list_rejections(asking: Asking, sent: Range) -> RejectionReport:
    """How many requests and operations were refused, dropped or noted, by reason, endpoint and
    interval. They are kept for 30 days, by the hour: an hour counts where it begins. Requests
    without a key of ours belong to no project, and count in each."""
    range_ = parse_range(sent.from_, sent.to, asking.zone, datetime.now(UTC))
    cut = intervals(range_, sent.interval, asking.zone)
    found = await run_in_threadpool(
        asking.registry.rejections_by_hour, asking.scope, range_.start, range_.end
    )
    lines: dict[tuple[Reason, str], RejectionLine] = {}
    for one in found:
        _add(lines, one, cut.index_of(one.hour), len(cut.starts))
    ranked = sorted(lines.values(), key=lambda line: line.total, reverse=True)
    return RejectionReport(cut.labels(), ranked)


def _add(
    lines: dict[tuple[Reason, str], RejectionLine], one: Rejection, index: int, length: int
) -> None:
    reason, endpoint = one.cause.reason, one.cause.endpoint
    line = lines.get((reason, endpoint))
    last = moment(one.last)
    if line is None:
        line = lines[reason, endpoint] = RejectionLine(
            reason, reason.outcome, reason.hint, endpoint, [0] * length, 0, last
        )
    line.values[index] += one.count
    line.total += one.count
    line.last = max(line.last, last)
