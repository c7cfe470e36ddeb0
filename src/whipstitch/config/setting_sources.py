"""Where settings come from besides the command line, and what is told of one that cannot be."""

import difflib
import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic_core import ErrorDetails

from whipstitch.config.passwords import without_password
from whipstitch.core.errors import SettingsError

ENV_PREFIX = "WHIPSTITCH_"
TOML_NAME = "whipstitch.toml"


def read_toml(path: Path) -> dict[str, Any]:
    """The settings in a file; none where there is none.

    Raises SettingsError: it cannot be read, or names what it cannot set."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    if "data_dir" in values:
        raise SettingsError(
            f"{path} lies in the data directory and cannot move it: "
            f"use --data-dir or {ENV_PREFIX}DATA_DIR instead of data_dir there"
        )
    return values


def explain(error: ErrorDetails, flags: Mapping[str, Any], known: Iterable[str]) -> str:
    """One line for a person: which setting, from where, and what is allowed. ``known``: the names
    of all settings."""
    name = str(error["loc"][0])
    variable = ENV_PREFIX + name.upper()
    if name in flags:
        source = "--" + name.replace("_", "-")
    elif any(one.upper() == variable and os.environ[one] for one in os.environ):
        source = variable
    else:
        source = TOML_NAME
    if error["type"] == "extra_forbidden":
        close = difflib.get_close_matches(name, known, n=1)
        hint = f'did you mean "{close[0]}"?' if close else "the docs list all settings"
        return f'unknown setting "{name}" in {source}: {hint}'
    value = error["input"]
    shown = without_password(value) if isinstance(value, str) else value
    rule = error["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    # What pydantic adds behind this comma is how it tried to read the value.
    rule = rule.partition(", unable to parse")[0]
    return f'setting "{name}" (from {source}) cannot be {shown!r}: it must be {rule}'
