// @opentelemetry/exporter-logs-otlp-http: JSON.
const { OTLPLogExporter } = require("@opentelemetry/exporter-logs-otlp-http");
const { LoggerProvider, SimpleLogRecordProcessor } = require("@opentelemetry/sdk-logs");
const [url, key] = process.argv.slice(2);
(async () => {
  const exporter = new OTLPLogExporter({ url: `${url}/v1/logs`, headers: { "x-api-key": key } });
  const provider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] });
  const logger = provider.getLogger("shop");
  logger.emit({ eventName: "viewed", body: { step: 1 }, attributes: { "user.id": "oteln_user", n: 1, list: ["a"] } });
  logger.emit({ body: "a log line" });
  await provider.forceFlush();
  await provider.shutdown();
})();
