-- Which operation an id that clients gave was taken by: a digest of the id, and the number of acceptance
-- (unix microseconds). Digests are looked up one by one, so that as little as can be is read for each.
CREATE TABLE IF NOT EXISTS operation_ids
(
    id FixedString(16) CODEC(NONE),
    accepted UInt64 CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(fromUnixTimestamp64Micro(toInt64(accepted), 'UTC'))
ORDER BY id
SETTINGS index_granularity = 1024, min_compress_block_size = 16384, max_compress_block_size = 16384;
