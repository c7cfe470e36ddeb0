-- What BI tools see, each of its own project: a row policy for each table says which that is, so
-- the views have none (storage/local/sql_access.py). People are resolved as queries/persons.py does,
-- but from the tables themselves: a statement that comes from outside holds no person map.
--
-- The person of an event: the id that it came in under (no rewrite changes which that is) is looked
-- up among the ids whose rows wait; an id that is not there has rows that say whose they are. The
-- rewrite waits for statements that may know only half of that (stitching/sql_readers.py). Ids are
-- compared by their hash, as in the person map. What waits is a constant of the statement: where
-- nothing does, the view costs nothing, and nor does it in a statement that names no person.
CREATE VIEW IF NOT EXISTS sql_events SQL SECURITY INVOKER AS
WITH
(
    SELECT (groupArray(place), groupArray(person))
    FROM
    (
        SELECT cityHash64(project_id, environment, id) AS place, argMax(person, version) AS person
        FROM person_moves
        GROUP BY place
    )
) AS moved
SELECT
    environment,
    event_name,
    resolved AS distinct_id,
    if(sent_id = resolved, '', sent_id) AS anon_id,
    session_id,
    timestamp,
    received_at,
    properties,
    default_properties,
    os,
    browser,
    device_model,
    bot,
    city,
    region,
    country,
    timezone,
    lib_version,
    id,
    project_id
FROM
(
    SELECT
        environment, event_name, session_id, timestamp, received_at, properties,
        default_properties, os, browser, device_model, bot, city, region, country, timezone,
        lib_version, id, project_id,
        if(anon_id = '', distinct_id, anon_id) AS sent_id,
        if(
            empty(moved.1),
            distinct_id,
            transform(
                cityHash64(project_id, environment, sent_id), moved.1, moved.2, distinct_id
            )
        ) AS resolved
    FROM events
);

-- People who did something or were named by an update of traits. All they are known by stands under
-- the ids as they were sent, so one look at the links tells whose everything is.
CREATE VIEW IF NOT EXISTS sql_people SQL SECURITY INVOKER AS
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
        argMax(value, (at, accepted)) AS newest,
        property != '' AND NOT argMax(deleted, (at, accepted)) AS known,
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
            toDateTime64(0, 3, 'UTC') AS at,
            0 AS accepted,
            toNullable(min(timestamp)) AS first,
            toNullable(max(timestamp)) AS last,
            count() AS events
        FROM events
        GROUP BY project_id, environment, id
        UNION ALL
        SELECT
            project_id, environment, distinct_id, property, value, deleted, timestamp, accepted,
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

-- Ids that are another's: whom each names, directly (parent_id) and in the end.
CREATE VIEW IF NOT EXISTS sql_aliases SQL SECURITY INVOKER AS
SELECT
    environment,
    id AS alias_id,
    argMax(parent, version) AS parent_id,
    argMax(person, version) AS distinct_id,
    fromUnixTimestamp64Milli(toInt64(intDiv(argMax(since, version), 1000)), 'UTC') AS created_at,
    project_id
FROM person_ids
GROUP BY project_id, environment, id
HAVING NOT argMax(is_deleted, version)
