-- Who is in which cohort: ids as they were named or found, resolved to people when they are read. A
-- cohort's members are those of its newest published version. Of rows for one id the highest stamp
-- holds; a removed one is a row with is_deleted.
CREATE TABLE IF NOT EXISTS cohort_members
(
    project_id LowCardinality(String),
    environment LowCardinality(String),
    cohort_id LowCardinality(String),
    version UInt64 CODEC(Delta, ZSTD(1)),
    id String CODEC(ZSTD(1)),
    stamp UInt64 CODEC(Delta, ZSTD(1)),
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(stamp, is_deleted)
ORDER BY (project_id, environment, cohort_id, version, id)
SETTINGS index_granularity = 1024;

-- Published versions: their members are all there.
CREATE TABLE IF NOT EXISTS cohort_versions
(
    project_id LowCardinality(String),
    environment LowCardinality(String),
    cohort_id LowCardinality(String),
    version UInt64 CODEC(Delta, ZSTD(1)),
    published_at DateTime64(3) DEFAULT now64(3)
)
ENGINE = MergeTree
ORDER BY (project_id, environment, cohort_id, version);
