-- What an alias came by (the endpoint, or what else it was said by) and whose client said it; blank: stored
-- before this was noted, or not told.
ALTER TABLE person_aliases
    ADD COLUMN IF NOT EXISTS via LowCardinality(String),
    ADD COLUMN IF NOT EXISTS client String CODEC(ZSTD(1));
