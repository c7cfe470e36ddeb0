-- How many links lie between an id and its person. 0: stored before this was noted.
ALTER TABLE person_ids ADD COLUMN IF NOT EXISTS depth UInt16;

-- Why an alias was refused that only the trees of that moment tell: `loop`, `too_deep`. Of rows of one
-- alias the highest `version` holds.
ALTER TABLE person_aliases ADD COLUMN IF NOT EXISTS verdict LowCardinality(String);
