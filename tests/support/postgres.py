"""A private PostgreSQL cluster from the system's own binaries."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest


class PostgresCluster:
    """One cluster that listens on a Unix socket only, so that no port can be taken."""

    def __init__(self, binaries: Path, directory: Path) -> None:
        self._binaries = binaries
        self._directory = directory
        # PostgreSQL refuses to run as root.
        self._user = "postgres" if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(directory, self._user)
        self._run("initdb", "--no-sync", "-A", "trust", "-U", "whipstitch", "-E", "UTF8")

    def start(self) -> None:
        """Returns once it takes connections."""
        options = f"-c listen_addresses='' -c fsync=off -k {self._directory}"
        self._run("pg_ctl", "-w", "-l", str(self._directory / "log"), "-o", options, "start")

    def stop(self) -> None:
        """Ends it at once, connections and all, as a crash would."""
        self._run("pg_ctl", "-w", "-m", "immediate", "stop")

    def create_database(self, name: str) -> str:
        """The URL of a new database."""
        with psycopg.connect(
            host=str(self._directory), user="whipstitch", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(
                psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name))
            )
        return f"postgresql://whipstitch@/{name}?host={self._directory}"

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._binaries / program, "-D", self._directory / "data", *arguments],
            user=self._user,
            cwd=self._directory,
            stdin=subprocess.DEVNULL,
            # A server that inherited a pipe would keep its reader waiting.
            stdout=subprocess.DEVNULL,
            check=True,
        )


@contextmanager
def postgres_cluster() -> Iterator[PostgresCluster]:
    """A running cluster; skips the test where PostgreSQL is not installed."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    # Not in pytest's own directories: their paths are too long for a socket, and closed to others.
    directory = Path(tempfile.mkdtemp(prefix="whipstitch-pg-", dir="/tmp"))
    try:
        cluster = PostgresCluster(binaries, directory)
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(directory)


def _binaries() -> Path | None:
    """Where the newest installed PostgreSQL keeps its programs."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(versions, key=lambda path: int(path.parts[-3]), default=None)
    if newest is not None:
        return newest.parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None
