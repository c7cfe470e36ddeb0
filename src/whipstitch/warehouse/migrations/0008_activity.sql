-- Summaries of events: what each id did, as it was sent, which no stitch rewrites. A summary counts
-- the rows up to a block (their _block_number, which merges keep); what came since is added by reads.
CREATE TABLE IF NOT EXISTS activity
(
    summary UInt64,
    project_id LowCardinality(String),
    environment LowCardinality(String),
    sent_id String CODEC(LZ4),
    first DateTime64(3, 'UTC') CODEC(LZ4),
    last DateTime64(3, 'UTC') CODEC(LZ4),
    events UInt64 CODEC(LZ4)
)
ENGINE = MergeTree
PARTITION BY summary
ORDER BY (project_id, environment, sent_id)
SETTINGS index_granularity = 1024, cleanup_delay_period = 1, max_cleanup_delay_period = 4, cleanup_delay_period_random_add = 1;

-- The summaries that are complete; the one with the highest number holds. `ids`: how many it has;
-- `recounted_at`: when all of it was counted anew, and not only what came since the one before.
CREATE TABLE IF NOT EXISTS activity_summaries
(
    number UInt64,
    block UInt64,
    ids UInt64,
    recounted_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(number)
ORDER BY tuple();
