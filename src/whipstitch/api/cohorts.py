"""``/api/v1/cohorts``."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, Protocol

import msgspec
from fastapi import APIRouter, Body, HTTPException, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field, WithJsonSchema

from whipstitch.api import bodies
from whipstitch.api.access import CurrentEditor
from whipstitch.api.asking import QueryRoute
from whipstitch.api.cohort_sources import PeopleSource, Select
from whipstitch.api.errors import Refused
from whipstitch.api.known_cohorts import COHORTS_EXIST
from whipstitch.api.pages import Cursor, position
from whipstitch.api.reading import CurrentReading, CurrentZone
from whipstitch.errors import InvalidQuery, StorageError
from whipstitch.queries import cohort_definitions, cohorts, people_of
from whipstitch.queries.filters import is_text
from whipstitch.queries.run import Reading, Sql
from whipstitch.queries.values import Values
from whipstitch.registry.store import Registry
from whipstitch.registry.values import Cohort, CohortKind
