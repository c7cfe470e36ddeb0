"""opentelemetry-exporter-otlp-proto-http (Python): plain and gzip."""

import sys

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource

url, key = sys.argv[1:]

for path, compression in (
    ("/v1/logs", Compression.NoCompression),
    ("/otlp/v1/logs", Compression.Gzip),
):
    provider = LoggerProvider(
        resource=Resource.create({"service.name": "shop", "service.version": "2.1"})
    )
    exporter = OTLPLogExporter(url + path, headers={"x-api-key": key}, compression=compression)
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    logger = provider.get_logger("shop")
    logger.emit(
        event_name="checkout_started",
        body={"step": 1},
        attributes={
            "user.id": "otel_user",
            "session.id": "sess_otel",
            "cart.value": 49.99,
            "tags": ["a", "b"],
        },
    )
    logger.emit(event_name="restarted")
    logger.emit(body="a log line", severity_text="INFO")
    provider.force_flush()
    provider.shutdown()
