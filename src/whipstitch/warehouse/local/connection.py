"""How the child is reached: chosen at its first start and kept beside its data, so that ports and
password stay."""

import json
import secrets
import socket
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

from whipstitch.core.errors import StorageUnavailable
from whipstitch.core.files import write_whole
from whipstitch.warehouse.connection import DATABASE, Address

USER: Final = "whipstitch"
"""The user that Whipstitch itself signs in as."""
LOOPBACK: Final = "127.0.0.1"
EVERYWHERE: Final = ("0.0.0.0", "::")  # noqa: S104 - what an operator may ask for
_FILE: Final = "connection.json"


@dataclass(frozen=True, slots=True)
class Connection:
    """Ports on the loopback address, and the password of ``USER``."""

    http_port: int
    native_port: int
    password: str = field(repr=False)

    @property
    def address(self) -> Address:
        return Address(
            DATABASE, host=LOOPBACK, port=self.http_port, user=USER, password=self.password
        )


def choose(directory: Path, http_port: int, native_port: int) -> Connection:
    """The connection of a child that is about to start. Ports that are 0 stay what they were, or
    become free ones where somebody else has them now; what is chosen is written down in a file that
    only its owner can read.

    Raises:
        OSError: the file cannot be written.
    """
    before = _read(directory)
    chosen = Connection(
        http_port or _free(before.http_port if before else 0),
        native_port or _free(before.native_port if before else 0),
        before.password if before else secrets.token_urlsafe(24),
    )
    write_private(directory / _FILE, json.dumps(asdict(chosen)))
    return chosen


def settled(directory: Path, http_port: int, native_port: int) -> Connection:
    """The connection of a child that may be running or not, with the ports that are settings where
    these are not 0. Of one that never ran it is chosen now.

    Raises:
        StorageUnavailable: the directory cannot be used.
    """
    known = _read(directory)
    if known is not None:
        return replace(
            known,
            http_port=http_port or known.http_port,
            native_port=native_port or known.native_port,
        )
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        return choose(directory, http_port, native_port)
    except OSError as error:
        raise StorageUnavailable(
            f"ClickHouse's directory {directory} cannot be used: {error.strerror}."
        ) from error


def shown_host(listen: str) -> str:
    """How to name the address ``listen`` to somebody who connects to it."""
    host = socket.gethostname() if listen in EVERYWHERE else listen
    return f"[{host}]" if ":" in host else host


def read(directory: Path) -> Address | None:
    """Where the child of ``directory`` listens, if it runs; None: it never ran.

    Raises:
        StorageUnavailable: what was written down cannot be read.
    """
    known = _read(directory)
    return known.address if known else None


def write_private(path: Path, text: str) -> None:
    """Makes ``text`` the file's content, whole or not at all, unless it is; only the owner may read
    it.

    Raises OSError."""
    with suppress(OSError):
        if path.read_text(encoding="utf-8") == text:
            return
    write_whole(path, [text.encode()], 0o600)


def _read(directory: Path) -> Connection | None:
    path = directory / _FILE
    try:
        return Connection(**json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise StorageUnavailable(
            f"{path} cannot be read: {error}. Delete it; the next start makes another."
        ) from None


def _free(wanted: int) -> int:
    """The port ``wanted`` where nobody listens on it, else any other."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise StorageUnavailable("There is no free TCP port for ClickHouse on the loopback address.")
