"""Structured logs, one event a line. Never a key, a token or what a client sent: log the fact, the
count and the id of the project."""

import logging
import sys
from typing import Final, Literal

import structlog

from whipstitch.config.passwords import without_password

_DRIVER: Final = frozenset({"clickhouse_connect", "urllib3"})
"""Libraries that tell each attempt, with a traceback or with the address and all values of the
statement in it. What they meet is raised, too, and told once by who called them."""


def _hide_passwords(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Errors of databases name their URL."""
    return {
        name: without_password(value) if isinstance(value, str) and "://" in value else value
        for name, value in event.items()
    }


def configure(level: str, form: Literal["console", "json"]) -> None:
    """Sends this program's logs, and those of its libraries, to standard error. May be done
    again."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _hide_passwords,
    ]
    renderer: structlog.typing.Processor
    if form == "json":
        shared.append(structlog.processors.format_exc_info)
        renderer = structlog.processors.JSONRenderer()
    else:
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level.upper()),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    # By name, not by level: the driver sets one when it is imported, which may be later.
    handler.addFilter(lambda record: record.name.partition(".")[0] not in _DRIVER)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for chatty in ("alembic", "httpx", "asyncio", "uvicorn"):
        logging.getLogger(chatty).setLevel(
            max(logging.WARNING, logging.getLevelName(level.upper()))
        )
