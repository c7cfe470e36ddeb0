"""What ingestion rejected, counted by the hour, of all nodes together."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, cast

from sqlalchemy import ColumnElement, Select, delete, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute

from whipstitch.core.projects import Environment, Scope
from whipstitch.core.reasons import Reason
from whipstitch.core.rejections import Cause, Rejection
from whipstitch.registry.tables import RejectionRow
from whipstitch.registry.transactions import Transactions

_NOBODY: Final = ""
_ALL: Final = ""
_MOST: Final = 500
_KNOWN: Final = {one.value: one for one in Reason}
_CAUSES: Final = (
    RejectionRow.project_id,
    RejectionRow.environment,
    RejectionRow.reason,
    RejectionRow.endpoint,
)
_LAST: Final = func.max(RejectionRow.last)

_Counted = Select[str, str, str, str, datetime, str, int, datetime]


class RejectionCounts(Transactions):
    """Requests without a key of ours belong to no project: whoever looks for theirs sees all of
    them."""

    def count_rejections(self, found: Iterable[Rejection]) -> None:
        """Adds to what is counted already."""
        rows = [
            {
                "project_id": one.project_id or _NOBODY,
                "hour": one.hour,
                "environment": one.cause.environment or _ALL,
                "reason": one.cause.reason.value,
                "endpoint": one.cause.endpoint,
                "key_end": one.cause.key_end,
                "count": one.count,
                "last": one.last,
            }
            for one in found
        ]
        insert = self._insert(RejectionRow)
        added = insert.on_conflict_do_update(
            index_elements=[*_CAUSES, RejectionRow.key_end, RejectionRow.hour],
            set_={
                "count": RejectionRow.count + insert.excluded.count,
                "last": insert.excluded.last,
            },
        )
        with self._storing() as session:
            session.execute(added, rows)

    def rejections_since(self, scope: Scope, since: datetime) -> list[Rejection]:
        """Causes that were met since then, the latest first, at most 500: each once, with all that
        was counted of it in the hours from that one on."""
        hour = since.replace(minute=0, second=0, microsecond=0)
        asked = _counted(scope, func.min(RejectionRow.hour), RejectionRow.key_end)
        asked = asked.where(RejectionRow.hour >= hour).group_by(RejectionRow.key_end)
        return self._rejections(asked.having(since <= _LAST).order_by(_LAST.desc()).limit(_MOST))

    def rejections_by_hour(self, scope: Scope, start: datetime, end: datetime) -> list[Rejection]:
        """Of the hours that begin in a range; keys are not told apart."""
        asked = _counted(scope, RejectionRow.hour, literal(""))
        within = (RejectionRow.hour >= start, RejectionRow.hour < end)
        return self._rejections(asked.where(*within).group_by(RejectionRow.hour))

    def forget_rejections(self, before: datetime) -> None:
        """Of the hours that began before that time."""
        with self._storing() as session:
            session.execute(delete(RejectionRow).where(RejectionRow.hour < before))

    def _rejections(self, asked: _Counted) -> list[Rejection]:
        with self._reading() as session:
            return [
                Rejection(
                    project_id or None,
                    hour,
                    Cause(
                        _KNOWN[reason],
                        endpoint,
                        cast("Environment | None", environment or None),
                        key_end,
                    ),
                    count,
                    last,
                )
                for project_id, environment, reason, endpoint, hour, key_end, count, last in (
                    session.execute(asked)
                )
                if reason in _KNOWN  # another version may know more
            ]


def _counted(
    scope: Scope,
    hour: ColumnElement[datetime] | InstrumentedAttribute[datetime],
    key_end: ColumnElement[str] | InstrumentedAttribute[str],
) -> _Counted:
    """Columns of a Rejection, as seen from a scope."""
    return (
        select(*_CAUSES, hour, key_end, func.sum(RejectionRow.count), _LAST)
        .where(
            RejectionRow.project_id.in_((scope.project_id, _NOBODY)),
            RejectionRow.environment.in_((scope.environment, _ALL)),
        )
        .group_by(*_CAUSES)
    )
