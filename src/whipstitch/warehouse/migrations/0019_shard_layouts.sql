-- On a cluster: over which shards the rows of events were ever dealt out, in that order. While that is one
-- and the same, all rows that came under an id are on one shard (identity/on_shards.py). No shards: dealt
-- out by a version that noted nothing.
CREATE TABLE IF NOT EXISTS shard_layouts
(
    shards Array(String),
    noted_at DateTime('UTC') DEFAULT now()
)
ENGINE = MergeTree
ORDER BY noted_at;
