-- What is known of people, one row a trait and update: the later timestamp wins, of two equal ones
-- the one accepted later. Merges keep only the winner; a read takes
-- argMax(…, (timestamp, accepted)), for the losers may still be there.
-- `value` is JSON text. The row with a blank property says only that the person exists.
CREATE TABLE IF NOT EXISTS person_traits
(
    project_id LowCardinality(String),
    environment LowCardinality(String),
    distinct_id String CODEC(ZSTD(1)),
    property String CODEC(ZSTD(1)),
    value String CODEC(ZSTD(1)),
    deleted Bool,
    timestamp DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    accepted UInt64 CODEC(Delta, ZSTD(1)),
    version UInt128 CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (project_id, environment, distinct_id, property);
