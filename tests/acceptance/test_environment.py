"""The command in environments that others set up."""

import os
import subprocess
from pathlib import Path

import pytest
from tests.support.command import COMMAND, registry_of
from tests.support.server import Server

_NO_UTF8 = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def _run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [COMMAND, *arguments], env=os.environ | environment, capture_output=True, check=False
    )


@pytest.mark.parametrize(
    "environment",
    [_NO_UTF8, {"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "de_DE.ISO-8859-1", "PYTHONUTF8": "0"}],
)
def test_names_are_read_and_shown_in_whatever_locale(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    place = ("--data-dir", str(tmp_path / "Größe"))

    made = _run(environment, "project", "create", "Café 東京", *place)
    listed = _run(environment, "project", "list", *place)

    assert (made.returncode, listed.returncode) == (0, 0), made.stderr + listed.stderr
    assert "Café 東京" in listed.stdout.decode()
    with registry_of(tmp_path / "Größe") as registry:
        assert [project.name for project in registry.list_projects()] == ["Café 東京"]


@pytest.mark.parametrize(
    "environment",
    [
        {"TZ": "CET-1CEST,M3.5.0,M10.5.0/3", **_NO_UTF8},
        {"TZ": "Europe/Pariss", "LANG": "C", "LC_ALL": ""},
        {"TZ": ":foo"},
    ],
)
def test_a_server_stores_and_answers_in_whatever_time_zone_and_locale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with Server(tmp_path / "Größe") as server:
        event = {
            "event_name": "Kauf 東京",
            "distinct_id": "user_1",
            "timestamp": "2026-05-09T14:32:01.482Z",
        }
        assert server.send("/api/v1/track", event).status_code == 200
        server.wait_until(lambda: len(server.events()) == 1)

        (found,) = server.events(event_name="Kauf 東京")
        assert found["timestamp"] == "2026-05-09T14:32:01.482Z"
        assert server.get("/api/v1/export", {"from": "2026-05-01"}).text.count("Kauf 東京") == 1
        assert _run({}, "doctor", "--data-dir", str(server.data_dir)).returncode == 0
