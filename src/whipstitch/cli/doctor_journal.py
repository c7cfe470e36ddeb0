"""What doctor looks at in the journal and among the dead letters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from whipstitch.cli.doctor_findings import Finding

if TYPE_CHECKING:
    from whipstitch.config.settings import Settings


def journal(settings: Settings) -> Finding:
    directory = settings.data_dir / "journal"
    sizes = [file.stat().st_size for file in directory.glob("*.jsonl")]
    found = f"{sum(sizes) / 2**20:.1f} MiB in {len(sizes)} segments wait for ClickHouse"
    if sum(sizes) > settings.backlog_limit * 0.8:
        return Finding("journal", "problem", found, "bring ClickHouse back, or raise backlog_limit")
    return Finding("journal", "ok", found)


def clock(settings: Settings) -> Iterator[Finding]:
    import time

    from whipstitch.journal.acceptance_numbers import MUCH_AHEAD, remembered_number, said_ahead
    from whipstitch.journal.segments import number_of

    directory = settings.data_dir / "journal"
    numbers = [number_of(segment) or 0 for segment in directory.glob("*-*.*")]
    ahead = max([remembered_number(directory), *numbers]) / 1_000_000 - time.time()
    if ahead >= MUCH_AHEAD:
        advice = "check that the clock is right now; what is received from now on is dated by it"
        yield Finding("clock", "warning", said_ahead(ahead), advice)


def set_aside_in_journal(settings: Settings) -> Iterator[Finding]:
    aside = settings.data_dir / "journal" / "aside"
    if aside.is_dir() and (found := len(list(aside.iterdir()))):
        advice = f"look into {aside}; a segment that can be read again goes back into the journal"
        yield Finding("journal", "problem", f"{found} set aside as unreadable or unknown", advice)


def damaged(settings: Settings) -> Iterator[Finding]:
    from whipstitch.journal.dead_letters import DeadLetters

    if files := DeadLetters(settings.data_dir / "deadletters").damaged():
        size = sum(file.stat().st_size for file in files)
        advice = f"check the disk; the log says what is missing; then delete {files[0].parent}/*"
        found = f"parts of {len(files)} segments were damaged: {size} bytes are kept"
        yield Finding("damage", "problem", found, advice + files[0].suffix)


def dead_letters(settings: Settings) -> Finding:
    from whipstitch.journal.dead_letters import DeadLetters

    count = DeadLetters(settings.data_dir / "deadletters").count()
    if count:
        advice = "`whipstitch deadletters list` says why, `… replay` loads them again"
        return Finding("dead letters", "warning", f"{count} rows set aside", advice)
    return Finding("dead letters", "ok", "none")
