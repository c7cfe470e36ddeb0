-- Sessions, summed up: a row for what one id, as it was sent, did in one session and day, of the events
-- that were accepted between a step and the one before (analytics/sessions/pieces.py). `accepted` is how
-- far the step went.
CREATE TABLE IF NOT EXISTS session_pieces
(
    project_id LowCardinality(String),
    environment LowCardinality(String),
    accepted UInt64 CODEC(ZSTD(1)),
    start DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    end DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    sent_id String CODEC(LZ4),
    session_id String CODEC(LZ4),
    events UInt64 CODEC(T64, ZSTD(1)),
    active UInt64 CODEC(T64, ZSTD(1)),
    entered UInt128 CODEC(ZSTD(1)),
    exited UInt128 CODEC(ZSTD(1)),
    entry_page LowCardinality(String),
    exit_page LowCardinality(String),
    viewed Array(LowCardinality(String)) CODEC(ZSTD(1)),
    seen Array(LowCardinality(String)) CODEC(ZSTD(1)),
    referrer LowCardinality(String),
    channel LowCardinality(String),
    utm_source LowCardinality(String),
    utm_medium LowCardinality(String),
    utm_campaign LowCardinality(String),
    country LowCardinality(String),
    device LowCardinality(String),
    browser LowCardinality(String),
    os LowCardinality(String),
    INDEX by_accepted accepted TYPE minmax GRANULARITY 1,
    INDEX by_sent_id sent_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY if(
    abs(dateDiff('day', start, fromUnixTimestamp64Micro(toInt64(accepted), 'UTC'))) <= 731, toYYYYMM(start), toUInt32(0)
)
ORDER BY (project_id, environment, start)
SETTINGS
    -- What a lightweight DELETE needs that leaves no statement.
    enable_block_number_column = 1,
    enable_block_offset_column = 1,
    materialize_ttl_recalculate_only = 1,
    cleanup_delay_period = 1, max_cleanup_delay_period = 4, cleanup_delay_period_random_add = 1;

-- How far they go: of its rows the one with the highest number holds. `begun`: the number of the first
-- one since all was made anew, or taken back in part; `made_by`: a digest of the statement that makes
-- pieces.
CREATE TABLE IF NOT EXISTS session_steps
(
    number UInt64,
    begun UInt64,
    until UInt64,
    made_by String
)
ENGINE = ReplacingMergeTree(number)
ORDER BY tuple();
