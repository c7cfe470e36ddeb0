"""The nodes that accept events, and how far each has stored what it accepted."""

import secrets
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, select, update

from whipstitch.registry.tables import NodeRow
from whipstitch.registry.transactions import Transactions


class IngestNode(NamedTuple):
    """All that the node accepted up to ``until``, an acceptance number, is stored. ``run`` changes
    whenever ``until`` is not simply later than before. ``seen_at``: when the node last said that it
    is there, by its own clock. ``cleared``: none of those who were erased up to this acceptance is
    among its dead letters."""

    name: str
    until: int
    run: str
    seen_at: datetime
    cleared: int = 0


class Nodes(Transactions):
    """Nodes by the names that they gave themselves. One that ended without leaving stays listed:
    its journal may hold rows."""

    def join_nodes(self, name: str) -> int:
        """Lists a node. Returns how far it had come, if it was listed already."""
        run, now = secrets.token_hex(8), self._now()
        with self._storing() as session:
            joined = (
                self._insert(NodeRow)
                .values(name=name, until=0, run=run, seen_at=now)
                .on_conflict_do_update(
                    index_elements=[NodeRow.name], set_={"run": run, "seen_at": now}
                )
                .returning(NodeRow.until)
            )
            return session.scalars(joined).one()

    def report_stored(self, name: str, until: int, *, back: bool = False) -> None:
        """Says how far a listed node has come; ``back``: not as far as it said before."""
        values: dict[str, object] = {"until": until, "seen_at": self._now()}
        if back:
            values["run"] = secrets.token_hex(8)
        with self._storing() as session:
            session.execute(update(NodeRow).where(NodeRow.name == name).values(values))

    def report_cleared(self, name: str, accepted: int) -> None:
        """Says up to which acceptance a listed node has none of the erased among its dead
        letters."""
        with self._storing() as session:
            there = update(NodeRow).where(NodeRow.name == name)
            session.execute(there.values(cleared=accepted))

    def report_seen(self, name: str) -> None:
        """Says that a listed node is there, however far it has come."""
        with self._storing() as session:
            there = update(NodeRow).where(NodeRow.name == name)
            session.execute(there.values(seen_at=self._now()))

    def leave_nodes(self, name: str) -> bool:
        """Takes a node from the list: it has no row that is not stored. False: it was not there."""
        with self._storing() as session:
            gone = delete(NodeRow).where(NodeRow.name == name).returning(NodeRow.name)
            return session.scalars(gone).first() is not None

    def list_nodes(self) -> list[IngestNode]:
        """All of them, by name."""
        with self._reading() as session:
            rows = session.scalars(select(NodeRow).order_by(NodeRow.name))
            return [
                IngestNode(row.name, row.until, row.run, row.seen_at, row.cleared) for row in rows
            ]
