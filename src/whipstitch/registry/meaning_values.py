"""What people say of names, as the registry hands it out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

MeaningKind = Literal["event", "property", "trait"]
"""What bears the name."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What people say of a name that events, their properties or traits have. ``verified_by`` says
    that it is right. ``any_of`` is what a virtual event stands for, ``expression`` how a virtual
    property is worked out, both as they were sent."""

    kind: MeaningKind
    name: str
    display_name: str | None
    description: str
    tags: tuple[str, ...]
    is_hidden: bool
    verified_by: str | None
    verified_at: datetime | None
    any_of: list[dict[str, Any]] | None
    expression: str | None
    changed_by: str
    changed_at: datetime

    @property
    def is_virtual(self) -> bool:
        """Whether the name is made here, of those that clients send."""
        return self.any_of is not None or self.expression is not None
