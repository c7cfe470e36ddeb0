"""What each start of the command imports and builds alike: once, in the process that is forked."""

import gc

import uvicorn.lifespan.off
import yaml  # type: ignore[import-untyped] # has none

import whipstitch.app.lock
import whipstitch.config.logs
from whipstitch.ingest.enrichment.user_agent import UserAgents

__all__ = ["uvicorn", "whipstitch", "yaml"]

UserAgents.warm()
# The collector of a forked process need not look at what stays.
gc.collect()
gc.freeze()
