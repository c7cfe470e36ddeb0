-- The id that a row came in under. No stitch rewrites it, so its index is of use where distinct_id
-- has patches: rows of people are found by it. The insert writes it. For rows that are older the
-- default says it, at each read, until stitching/backfill.py has had it written.
ALTER TABLE events
    ADD COLUMN IF NOT EXISTS sent_id String DEFAULT if(anon_id = '', distinct_id, anon_id)
        CODEC(LZ4) AFTER anon_id,
    ADD INDEX IF NOT EXISTS by_sent_id sent_id TYPE bloom_filter(0.01) GRANULARITY 1;

-- What was linked since a moment is looked for by every read of somebody's rows.
ALTER TABLE person_ids ADD INDEX IF NOT EXISTS by_version version TYPE minmax GRANULARITY 1;
