-- Parts of a summary (0008_activity.sql), which count the rows up to its block: how many events of a
-- name there were on each day, in UTC …
CREATE TABLE IF NOT EXISTS lexicon_days
(
    summary UInt64,
    project_id LowCardinality(String),
    environment LowCardinality(String),
    event_name String CODEC(ZSTD(1)),
    day Date32,
    events UInt64,
    first DateTime64(3, 'UTC') CODEC(LZ4),
    last DateTime64(3, 'UTC') CODEC(LZ4)
)
ENGINE = MergeTree
PARTITION BY summary
ORDER BY (project_id, environment, event_name, day)
SETTINGS cleanup_delay_period = 1, max_cleanup_delay_period = 4, cleanup_delay_period_random_add = 1;

-- … and what was found in some of them: a property, how its JSON text begins, and the text itself,
-- blank where that is long. `times` weighs how often that was of late.
CREATE TABLE IF NOT EXISTS lexicon_values
(
    summary UInt64,
    project_id LowCardinality(String),
    environment LowCardinality(String),
    event_name String CODEC(ZSTD(1)),
    name String CODEC(ZSTD(1)),
    beginning LowCardinality(String),
    value String CODEC(ZSTD(1)),
    times UInt64,
    first DateTime64(3, 'UTC') CODEC(LZ4),
    last DateTime64(3, 'UTC') CODEC(LZ4)
)
ENGINE = MergeTree
PARTITION BY summary
ORDER BY (project_id, environment, event_name, name)
SETTINGS index_granularity = 1024, cleanup_delay_period = 1, max_cleanup_delay_period = 4, cleanup_delay_period_random_add = 1;

-- Summaries from before have neither. The next one is made anew.
TRUNCATE TABLE activity_summaries;
TRUNCATE TABLE activity;
