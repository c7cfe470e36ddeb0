"""The registry, opened when somebody first needs it: to import SQLAlchemy and look whether the
tables are up to date takes longer than a server that starts should keep clients waiting."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from whipstitch.registry.store import Registry


class LateRegistry:
    """Called, it gives the one registry at ``url``. From any thread."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._opened: Registry | None = None
        self._opening = threading.Lock()

    def __call__(self) -> Registry:
        """Raises:
        RegistryUnavailable: the database does not answer; another call may succeed.
        RegistryError: it is no registry that this program can use.
        """
        with self._opening:
            if self._opened is None:
                from whipstitch.registry.store import Registry

                self._opened = Registry.open(self.url)
            return self._opened

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._opened is not None:
            self._opened.close()
