"""What watches over a running server, for those who show it."""

from typing import NamedTuple

from whipstitch.app.heartbeat import Heartbeat
from whipstitch.app.watchdog import Watchdog
from whipstitch.ingest.http.connection_limits import ConnectionLimits


class Running(NamedTuple):
    heartbeat: Heartbeat
    watchdog: Watchdog
    crowd: ConnectionLimits

    def problems(self) -> list[str]:
        """Why the server ends."""
        return [self.watchdog.problem] if self.watchdog.problem else []
