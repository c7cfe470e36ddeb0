"""What doctor tells of each thing that it looks at."""

from __future__ import annotations

from typing import Literal, NamedTuple

Verdict = Literal["ok", "warning", "problem"]


class Finding(NamedTuple):
    """One thing looked at. ``advice`` says what to do, blank where all is well."""

    what: str
    verdict: Verdict
    found: str
    advice: str = ""
