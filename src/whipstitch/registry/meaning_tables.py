"""The registry's table of what people say of names. A change here needs a migration beside it (a
test compares the two)."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from whipstitch.registry.meaning_values import Meaning, MeaningKind
from whipstitch.registry.tables import Base


class MeaningRow(Base):
    """What people say of a name; ``tags`` is a JSON array of text, ``any_of`` one of objects."""

    __tablename__ = "meanings"

    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    kind: Mapped[MeaningKind] = mapped_column(String, primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    display_name: Mapped[str | None]
    description: Mapped[str]
    tags: Mapped[list[str]] = mapped_column(JSON)
    is_hidden: Mapped[bool]
    verified_by: Mapped[str | None]
    verified_at: Mapped[datetime | None]
    any_of: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True))
    expression: Mapped[str | None]
    changed_by: Mapped[str]
    changed_at: Mapped[datetime]

    def value(self) -> Meaning:
        """The row, frozen."""
        return Meaning(
            self.kind,
            self.name,
            self.display_name,
            self.description,
            tuple(self.tags),
            self.is_hidden,
            self.verified_by,
            self.verified_at,
            self.any_of,
            self.expression,
            self.changed_by,
            self.changed_at,
        )
