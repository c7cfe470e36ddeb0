"""Work that one node at a time may do."""

from datetime import timedelta

from sqlalchemy import delete, update

from whipstitch.registry.tables import LeaseRow
from whipstitch.registry.transactions import Transactions


class Leases(Transactions):
    """Leases by name. The nodes' clocks must agree to within the seconds that a lease runs on."""

    def take_lease(self, name: str, holder: str, seconds: float) -> bool:
        """Takes or renews a lease for the time to come. False: another holder has it."""
        now = self._now()
        ends_at = now + timedelta(seconds=seconds)
        with self._storing() as session:
            session.execute(
                self._insert(LeaseRow)
                .values(name=name, holder=holder, ends_at=ends_at)
                .on_conflict_do_nothing()
            )
            renewed = session.scalars(
                update(LeaseRow)
                .where(LeaseRow.name == name)
                .where((LeaseRow.holder == holder) | (LeaseRow.ends_at < now))
                .values(holder=holder, ends_at=ends_at)
                .returning(LeaseRow.name)
            )
            return renewed.first() is not None

    def end_lease(self, name: str, holder: str) -> None:
        """Leaves a lease to others before its end."""
        with self._storing() as session:
            session.execute(
                delete(LeaseRow).where(LeaseRow.name == name, LeaseRow.holder == holder)
            )
