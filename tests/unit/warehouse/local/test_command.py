"""Which ClickHouse the child is."""

import importlib.util
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from whipstitch.core.errors import SettingsError
from whipstitch.warehouse.local.command import command


def _program(directory: Path) -> Path:
    directory.mkdir()
    program = directory / "clickhouse"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return program


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)


def _with_wheel(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    package = ModuleSpec("chdb", None, is_package=True)
    package.submodule_search_locations = [str(place)]
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: package)


def test_a_binary_that_is_named_comes_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    named, installed = _program(tmp_path / "named"), _program(tmp_path / "installed")
    monkeypatch.setenv("PATH", str(installed.parent))

    line = command(tmp_path, named, 10)

    assert line[-3:] == [str(named), "server", "--config-file=config.xml"]
    assert line[:3] == [sys.executable, "-I", "-S"]
    assert str(tmp_path) in line


def test_one_that_is_installed_comes_before_the_wheel(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    installed = _program(tmp_path / "installed")
    monkeypatch.setenv("PATH", str(installed.parent))
    _with_wheel(monkeypatch, tmp_path)
    (tmp_path / "_chdb.abi3.so").touch()

    assert command(tmp_path, None, 10)[-3] == str(installed)


def test_else_the_library_of_the_wheel_is_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    library = tmp_path / "_chdb.abi3.so"
    library.touch()
    _with_wheel(monkeypatch, tmp_path)

    assert command(tmp_path, None, 10)[-1] == str(library)


def test_without_any_of_them_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match="chdb-core"):
        command(tmp_path, None, 10)
    # A package of that name without the library is none either.
    _with_wheel(monkeypatch, tmp_path)
    with pytest.raises(SettingsError, match="--clickhouse http"):
        command(tmp_path, None, 10)


def test_a_binary_that_cannot_be_run_is_named(tmp_path: Path) -> None:
    data = _program(tmp_path / "here")
    data.chmod(0o644)

    for binary in (tmp_path / "missing", data, data.parent):
        with pytest.raises(SettingsError, match="clickhouse_binary"):
            command(tmp_path, binary, 10)


def test_the_wheel_that_is_installed_has_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("PATH", "")

    assert Path(command(Path(), None, 10)[-1]).is_file()
