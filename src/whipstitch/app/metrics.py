"""Prometheus metrics of every stage. The stages count in plain numbers; they are read here when
somebody asks."""

from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from whipstitch.app.application import Application
from whipstitch.app.running import Running
from whipstitch.core.histogram import Histogram
from whipstitch.core.reasons import Outcome, Reason


class Stages(Collector):
    """Everything that the server counts, under ``whipstitch_…``."""

    def __init__(self, engine: Application, running: Running) -> None:
        self._engine = engine
        self._running = running

    def collect(self) -> Iterator[Metric]:
        yield from self._doors()
        yield from self._waiting()
        yield from self._loading()
        yield from self._stitching()

    def _doors(self) -> Iterator[Metric]:
        ingest = self._engine.ingestion.service.stats
        yield _counter("accepted_operations", "Operations accepted.", "kind", ingest.accepted)
        dropped, noted = ingest.of(Outcome.DISCARDED), ingest.of(Outcome.NOTED)
        yield _counter("discarded_operations", "Dropped quietly.", "reason", dropped)
        yield _counter("noted_operations", "Kept, with a remark.", "reason", noted)
        yield CounterMetricFamily(
            "whipstitch_unread_times",
            "Times that did not parse and were passed over.",
            ingest.reasons[Reason.UNREAD_TIME],
        )
        yield CounterMetricFamily(
            "whipstitch_times_ahead",
            "Times of traits more than a day ahead, for which that of receipt stands.",
            ingest.reasons[Reason.TIME_AHEAD],
        )
        refused = ingest.of(Outcome.REJECTED)
        yield _counter("rejected_requests", "Requests refused.", "reason", refused)
        yield _counter("requests", "Ingestion requests answered.", "door", ingest.requests)
        yield _histogram(
            "request_duration_seconds",
            "From the last byte of an ingestion request to its answer.",
            ingest.latency,
        )
        yield _gauge(
            "event_loop_lag_seconds",
            "Longest time in the last seconds that the event loop was late.",
            self._running.heartbeat.lag,
        )
        crowd = self._running.crowd
        yield _gauge("connections", "Connections that are open.", len(crowd))
        yield _gauge("connections_most", "Connections that may be open.", crowd.most)
        yield CounterMetricFamily(
            "whipstitch_connections_turned_away",
            "Connections refused because too many were open.",
            crowd.turned_away,
        )

    def _waiting(self) -> Iterator[Metric]:
        journal = self._engine.ingestion.journal
        yield _gauge("journal_bytes", "Bytes that wait for ClickHouse.", journal.backlog_bytes)
        yield _gauge(
            "journal_oldest_seconds", "Age of the oldest row that waits.", journal.oldest_seconds
        )
        refusing = not journal.has_room(0)
        yield _gauge("journal_refusing", "1 while the journal takes nothing.", refusing)
        yield _gauge("dead_letters", "Rows set aside.", self._engine.dead_letters.count())

    def _loading(self) -> Iterator[Metric]:
        loader = self._engine.loader.stats
        yield _counter("inserted_rows", "Rows inserted.", "kind", loader.rows)
        yield _histogram(
            "insert_duration_seconds",
            "Time that storing one segment took.",
            loader.seconds,
        )
        yield CounterMetricFamily(
            "whipstitch_insert_retries", "Inserts that had to be repeated.", loader.retries
        )
        yield CounterMetricFamily(
            "whipstitch_repaired_rows", "Rows repaired so that they load.", loader.repaired
        )
        yield CounterMetricFamily(
            "whipstitch_dead_letter_rows", "Rows set aside since start.", loader.dead_letters
        )
        yield CounterMetricFamily(
            "whipstitch_segments_taken_apart",
            "Journal segments whose load ended a process again and again.",
            loader.taken_apart,
        )
        yield _gauge(
            "dead_letter_limit_reached",
            "1 while nothing is set aside because nearly everything is refused.",
            self._engine.loader.limit.reached,
        )
        yield CounterMetricFamily(
            "whipstitch_damaged_segments",
            "Journal segments whose checksums were wrong.",
            loader.damaged_segments,
        )
        yield _gauge(
            "damaged_files",
            "Files of damaged bytes kept.",
            len(self._engine.dead_letters.damaged()),
        )
        found = self._engine.damage.found
        yield _gauge(
            "parts_set_aside", "Parts that ClickHouse could not read.", len(found.set_aside)
        )
        yield _gauge("parts_damaged", "Parts of which reads fail.", len(found.damaged))
        yield _gauge(
            "projects_unknown",
            "Projects that events are of and the registry has not.",
            len(found.unknown),
        )
        yield _gauge(
            "storage_available",
            "0 while ClickHouse takes nothing.",
            not self._engine.storage_problem,
        )

    def _stitching(self) -> Iterator[Metric]:
        stitcher = self._engine.stitcher.stats
        yield CounterMetricFamily(
            "whipstitch_rewritten_rows", "Rows given their person's id.", stitcher.rows
        )
        yield CounterMetricFamily("whipstitch_rewrites", "Rewrites that ended.", stitcher.runs)
        yield _gauge(
            "rewrite_rows_left",
            "Rows that the present rewrite has still to do.",
            stitcher.rows_left,
        )
        yield _histogram(
            "rewrite_duration_seconds", "Time that one rewrite took.", stitcher.seconds
        )
        yield CounterMetricFamily(
            "whipstitch_rewrite_failures", "Rewrites that did not end.", stitcher.failures
        )
        yield _gauge(
            "erasures_running",
            "Erased people of whom something is left on the disk.",
            self._engine.eraser.stats.running,
        )


def registry(stages: Stages) -> CollectorRegistry:
    """A registry of its own: two servers in one process do not meet."""
    collected = CollectorRegistry()
    collected.register(stages)
    ProcessCollector(registry=collected)
    PlatformCollector(registry=collected)
    GCCollector(registry=collected)
    return collected


def _counter(name: str, about: str, label: str, counts: Mapping[Any, int]) -> Metric:
    family = CounterMetricFamily(f"whipstitch_{name}", about, labels=[label])
    for value, count in list(counts.items()):
        family.add_metric([value], count)
    return family


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(f"whipstitch_{name}", about, value)


def _histogram(name: str, about: str, histogram: Histogram) -> Metric:
    below = 0
    buckets: list[tuple[str, float]] = []
    for bound, count in zip((*histogram.bounds, "+Inf"), histogram.counts, strict=True):
        below += count
        buckets.append((str(bound), below))
    return HistogramMetricFamily(f"whipstitch_{name}", about, buckets, histogram.total)
