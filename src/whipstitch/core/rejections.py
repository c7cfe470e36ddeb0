"""What ingestion refused, dropped or passed over, counted: why, by which endpoint and under which
key; never what was sent."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from whipstitch.core.projects import Environment
from whipstitch.core.reasons import Reason


class Cause(NamedTuple):
    """What rejections are told apart by. ``environment`` is None where the key is not ours;
    ``key_end`` are the key's last four characters, blank where none was sent, or too many different
    ones were."""

    reason: Reason
    endpoint: str
    environment: Environment | None
    key_end: str


@dataclass(slots=True)
class Rejection:
    """How often something was rejected for one cause in the hour that begins at ``hour``, and when
    last. ``project_id`` is None where the key is not ours."""

    project_id: str | None
    hour: datetime
    cause: Cause
    count: int
    last: datetime
