-- What is set once and what is added stand beside what is set: `operation` is 0 for an update that sets or
-- deletes, of which the latest stays; 1 for what is set once, of which the earliest stays (its version has
-- all bits turned over); the number of acceptance for what is added, of which all stay. What a trait is
-- follows from these: analytics/people/trait_value.py.
ALTER TABLE person_traits
    ADD COLUMN IF NOT EXISTS operation UInt64 CODEC(ZSTD(1)),
    MODIFY ORDER BY (project_id, environment, distinct_id, property, operation);
ALTER TABLE traits_by_property
    ADD COLUMN IF NOT EXISTS operation UInt64 CODEC(ZSTD(1)),
    MODIFY ORDER BY (project_id, environment, property, distinct_id, operation);

ALTER TABLE traits_to_properties MODIFY QUERY
SELECT project_id, environment, property, distinct_id, cityHash64(distinct_id) AS id_key, value, deleted,
    accepted, version, operation
FROM person_traits
WHERE property != '';

-- Copied anew: where all migrations are applied again, the copy that 0015 makes knows no operations.
TRUNCATE TABLE traits_by_property;
INSERT INTO traits_by_property
    (project_id, environment, property, distinct_id, id_key, value, deleted, accepted, version, operation)
SELECT project_id, environment, property, distinct_id, cityHash64(distinct_id), value, deleted, accepted,
    version, operation
FROM person_traits
WHERE property != '';

CREATE OR REPLACE VIEW sql_people SQL SECURITY INVOKER AS
SELECT
    environment,
    distinct_id,
    mapFromArrays(groupArrayIf(property, known), groupArrayIf(text, known)) AS properties,
    min(first) AS first_seen,
    max(last) AS last_seen,
    sum(events) AS event_count,
    project_id
FROM
(
    SELECT
        project_id,
        environment,
        if(links.person = '', found.id, links.person) AS distinct_id,
        property,
        argMaxIf(if(deleted, '', value), version, operation = 0) AS said,
        maxIf(version, operation = 0) AS said_at,
        argMaxIf(value, version, operation = 1) AS once,
        bitNot(maxIf(version, operation = 1)) AS once_at,
        arrayFilter(
            one -> one.1 >= said_at,
            groupUniqArrayIf((version, found.id, value), operation > 1)
        ) AS added,
        if(empty(added), bitNot(toUInt128(0)), arrayMin(one -> one.1, added)) AS added_at,
        multiIf(
            said != '', said,
            once_at >= said_at AND once_at <= added_at, once,
            notEmpty(added), '0',
            ''
        ) AS base,
        if(
            empty(added),
            base,
            ifNull(
                toString(toDecimal256OrNull(base, 18) + arraySum(one -> toDecimal256(one.3, 18), added)),
                base
            )
        ) AS newest,
        property != '' AND newest != '' AS known,
        if(startsWith(newest, '"'), JSONExtractString(newest), newest) AS text,
        min(first) AS first,
        max(last) AS last,
        sum(events) AS events
    FROM
    (
        SELECT
            project_id,
            environment,
            if(anon_id = '', distinct_id, anon_id) AS id,
            '' AS property,
            '' AS value,
            false AS deleted,
            toUInt64(0) AS operation,
            toUInt128(0) AS version,
            toNullable(min(timestamp)) AS first,
            toNullable(max(timestamp)) AS last,
            count() AS events
        FROM events
        GROUP BY project_id, environment, id
        UNION ALL
        SELECT
            project_id, environment, distinct_id, property, value, deleted, operation, version,
            NULL, NULL, 0
        FROM person_traits
    ) AS found
    LEFT ANY JOIN
    (
        SELECT project_id, environment, id, argMax(person, version) AS person
        FROM person_ids
        GROUP BY project_id, environment, id
        HAVING NOT argMax(is_deleted, version)
    ) AS links
        ON links.project_id = found.project_id
        AND links.environment = found.environment
        AND links.id = found.id
    GROUP BY project_id, environment, distinct_id, property
)
GROUP BY project_id, environment, distinct_id;
