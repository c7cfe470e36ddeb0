"""A server on a system that lacks what only Linux has."""

import os
from pathlib import Path

import pytest
from tests.support.server import Server

_LACKS = """
import os
for name in ("fdatasync", "posix_fadvise", "posix_fallocate", "sched_setaffinity",
             "sched_getaffinity", "memfd_create", "eventfd", "splice", "copy_file_range"):
    if hasattr(os, name):
        delattr(os, name)
"""


def test_it_serves_without_the_calls_of_linux(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(_LACKS)
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    monkeypatch.setenv("PYTHONPATH", path)

    with Server(tmp_path / "data") as server:
        server.send("/api/v1/track", {"event_name": "light", "distinct_id": "ann"})
        large = {"event_name": "large", "distinct_id": "ann", "properties": {"text": "x" * 300_000}}
        server.send("/api/v1/track", large)
        server.wait_until(lambda: len(server.events()) == 2)
        assert server.terminate() == 0
