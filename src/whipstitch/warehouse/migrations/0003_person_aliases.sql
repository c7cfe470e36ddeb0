-- Every alias ever accepted, the refused ones with their reason: of an alias_id's rows the earliest
-- unrefused one is in force. A repeat of the same alias collapses into the earliest.
CREATE TABLE IF NOT EXISTS person_aliases
(
    project_id LowCardinality(String),
    environment LowCardinality(String),
    alias_id String CODEC(ZSTD(1)),
    distinct_id String CODEC(ZSTD(1)),
    refused LowCardinality(String),
    timestamp DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    accepted UInt64 CODEC(Delta, ZSTD(1)),
    version UInt64 CODEC(Delta, ZSTD(1)),
    INDEX by_distinct_id distinct_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (project_id, environment, alias_id, distinct_id, refused);
