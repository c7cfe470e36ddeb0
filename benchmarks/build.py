"""The Python that runs the server: figures of two builds cannot be compared."""

import platform
import sysconfig
from importlib.metadata import version
from typing import Final

_PACKAGES: Final = ("uvloop", "httptools", "msgspec", "uvicorn", "clickhouse-connect", "chdb-core")


def description() -> str:
    """One line: Python's version, how it was optimised, and the versions of packages that the
    figures depend on."""
    options = str(sysconfig.get_config_var("CONFIG_ARGS") or "")
    flags = " ".join(
        str(sysconfig.get_config_var(name) or "") for name in ("PY_CFLAGS", "PY_CORE_LDFLAGS")
    )
    profiled = "--enable-optimizations" in options or "-fprofile-use" in flags
    linked = "--with-lto" in options or "-flto" in flags
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return (
        f"{platform.python_implementation()} {platform.python_version()} "
        f"({'with' if profiled else 'without'} PGO, {'with' if linked else 'without'} LTO, "
        f"{platform.python_compiler()}); {packages}"
    )
