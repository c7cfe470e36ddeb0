"""Times as the API writes them."""

from datetime import datetime

from whipstitch.analytics.events.pages import rfc3339


def moment(time: datetime) -> str:
    return rfc3339(round(time.timestamp() * 1000))
