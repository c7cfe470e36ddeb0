"""What watches over a running server, for those who show it."""

from typing import NamedTuple

from whipstitch.doors.crowd import Crowd
from whipstitch.server.heartbeat import Heartbeat
from whipstitch.server.watchdog import Watchdog


class Running(NamedTuple):
    heartbeat: Heartbeat
    watchdog: Watchdog
    crowd: Crowd

    def problems(self) -> list[str]:
        """Why the server ends."""
        return [self.watchdog.problem] if self.watchdog.problem else []
