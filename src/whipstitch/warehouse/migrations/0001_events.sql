-- One row an event. A row keeps what the client sent twice over: `properties` for queries, and
-- `properties_sent`, the very text, for answers (JSON drops nulls, makes [true, 1] into [1, 1] …).
--
-- distinct_id is not in the sorting key because a stitch rewrites it; it is found by its index.
-- `accepted` (unix microseconds) is unique within a node and tells rows of one instant apart.
--
-- Partitions are months, but a client's clock may say anything: a time further than two years from
-- its receipt goes into a partition of its year if it is of the last 25 years, else into one for all.
CREATE TABLE IF NOT EXISTS events
(
    project_id LowCardinality(String),
    environment LowCardinality(String),
    event_name LowCardinality(String),
    timestamp DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    accepted UInt64 CODEC(Delta, ZSTD(1)),
    id String CODEC(ZSTD(1)),
    distinct_id String CODEC(ZSTD(1)),
    anon_id String CODEC(ZSTD(1)),
    session_id String CODEC(ZSTD(1)),
    os LowCardinality(String),
    browser LowCardinality(String),
    device_model LowCardinality(String),
    bot Bool,
    city LowCardinality(String),
    region LowCardinality(String),
    country LowCardinality(String),
    timezone LowCardinality(String),
    lib_version LowCardinality(String),
    properties JSON(max_dynamic_paths = 256) CODEC(ZSTD(1)),
    properties_sent String CODEC(ZSTD(3)),
    default_properties JSON(max_dynamic_paths = 64) CODEC(ZSTD(1)),
    default_properties_sent String CODEC(ZSTD(3)),
    INDEX by_id id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_distinct_id distinct_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_anon_id anon_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_session_id session_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY multiIf(
    abs(dateDiff('day', timestamp, received_at)) <= 731, toYYYYMM(timestamp),
    dateDiff('day', timestamp, received_at) BETWEEN 0 AND 9131, toUInt32(toYear(timestamp)),
    toUInt32(0)
)
ORDER BY (project_id, environment, event_name, timestamp)
SETTINGS
    -- What lightweight UPDATE of distinct_id needs.
    enable_block_number_column = 1,
    enable_block_offset_column = 1,
    -- Another retention must not rewrite all parts at once; merges apply it.
    materialize_ttl_recalculate_only = 1;
