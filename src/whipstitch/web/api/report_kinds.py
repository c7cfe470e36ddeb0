"""The reports that questions are saved of and cohorts are made from, and how the body of one is
read where it stands inside another request."""

from collections.abc import Mapping
from typing import Any, Final

from whipstitch.registry.values import ReportKind
from whipstitch.web.api.activity import LifecycleBody, StickinessBody
from whipstitch.web.api.experiments import ExperimentBody
from whipstitch.web.api.fields import part_of
from whipstitch.web.api.flows import FlowsBody
from whipstitch.web.api.funnels import FunnelBody
from whipstitch.web.api.heatmaps import HeatmapBody
from whipstitch.web.api.insight_bodies import InsightsBody
from whipstitch.web.api.reports import ReportQuestion
from whipstitch.web.api.retention import RetentionBody
from whipstitch.web.api.web import WebBody

_BODIES: Final[Mapping[str, Any]] = {
    "insights": InsightsBody,
    "funnels": FunnelBody,
    "retention": RetentionBody,
    "flows": FlowsBody,
    "stickiness": StickinessBody,
    "lifecycle": LifecycleBody,
    "experiments": ExperimentBody,
    "heatmaps": HeatmapBody,
    "web": WebBody,
}


def read(kind: ReportKind | str, sent: dict[str, Any]) -> ReportQuestion:
    """``sent`` as a request to the report has it. Raises InvalidQuery."""
    body: ReportQuestion = part_of(sent, _BODIES[kind])
    return body
