"""Which of several nodes links and rewrites: the one that holds a lease in the registry."""

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from whipstitch.core.errors import RegistryError
from whipstitch.registry.leases import Leases

LEASE: Final = "stitching"
LEASE_SECONDS: Final = 26.0
"""So that another node has taken over within half a minute."""
_HELD_SECONDS: Final = 15.0
"""How long the holder goes by the lease: it stops well before the next one may begin."""
_RENEW_SECONDS: Final = 4.0


class Leadership:
    """Whether this node links and rewrites: always where the storage is the process's own, else
    while it holds the lease."""

    def __init__(self, leases: Leases | None) -> None:
        self._leases = leases
        self._node = secrets.token_hex(8)
        self._until = 0.0 if leases else float("inf")
        self._term = 0 if leases else 1

    def __call__(self) -> int:
        """The number of the term, 0 where it does not. Between two terms another node may have
        been at work."""
        return self._term if time.monotonic() < self._until else 0

    def renew(self) -> None:
        """Asks for the lease, or for more of it.

        Raises RegistryError."""
        if self._leases is None:
            return
        asked = time.monotonic()
        held = self._leases.take_lease(LEASE, self._node, LEASE_SECONDS)
        if held and not self():
            self._term += 1
        self._until = asked + _HELD_SECONDS if held else 0.0

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Around work of the leader's that may take longer than the lease: it is renewed meanwhile.
        Once it is lost, it stays lost until ``renew``: another node may be at work."""
        if self._leases is None:
            yield
            return
        done = threading.Event()
        thread = threading.Thread(target=self._keep, args=(done,), name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _keep(self, done: threading.Event) -> None:
        while not done.wait(_RENEW_SECONDS) and self():
            with suppress(RegistryError):  # for as long as it is held, it is asked for again
                self.renew()

    def leave(self) -> None:
        """Lets another node go on at once.

        Raises RegistryError."""
        if self._leases is not None and self():
            self._until = 0.0
            self._leases.end_lease(LEASE, self._node)
