"""What reaches a log. In a process of its own: the logs of this one are pytest's."""

import json
import subprocess
import sys

_SAID = """
import logging, sys
from whipstitch.config import logs
logs.configure("info", "json")
import clickhouse_connect.driver.httpclient  # sets levels
import structlog
try:
    raise ConnectionRefusedError("refused")
except OSError:
    logging.getLogger("clickhouse_connect.driver.httpclient").exception("an attempt")
logging.getLogger("urllib3.connectionpool").warning("Retrying …: /?param_ids=['ada']")
logging.getLogger("uvicorn").warning("theirs")
structlog.get_logger("whipstitch").info("ours", url="postgresql://ada:hunter22@db/x")
"""


def test_what_the_driver_meets_is_told_by_those_who_asked_it_only() -> None:
    done = subprocess.run([sys.executable, "-c", _SAID], capture_output=True, text=True, check=True)
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in told] == ["theirs", "ours"]
    assert "hunter22" not in done.stderr
    assert not done.stdout
