-- A summary counts the rows that were accepted up to `until` (registry/acceptance.py): the numbers of
-- blocks, by which it went before, count for each partition where tables are replicated.
ALTER TABLE events ADD INDEX IF NOT EXISTS by_accepted accepted TYPE minmax GRANULARITY 1;
ALTER TABLE events MATERIALIZE INDEX by_accepted;
ALTER TABLE activity_summaries ADD COLUMN IF NOT EXISTS until UInt64 AFTER number;
ALTER TABLE activity_summaries DROP COLUMN IF EXISTS block;
TRUNCATE TABLE activity_summaries;
TRUNCATE TABLE activity;
