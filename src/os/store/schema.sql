-- One row: the store's name for itself, by which a run knows where it is at home.
CREATE TABLE store (id TEXT NOT NULL);

-- The programs of the runs, as `handover build` writes them.
CREATE TABLE programs (digest TEXT NOT NULL PRIMARY KEY, bytes BLOB NOT NULL);

-- What the steps of a program are called and where they run; the number is what events say.
CREATE TABLE program_steps (
    digest TEXT NOT NULL, step INTEGER NOT NULL, name TEXT NOT NULL, title TEXT NOT NULL, node TEXT,
    PRIMARY KEY (digest, step)
) WITHOUT ROWID;

-- The runs in the order in which they came, each with the end of its chain.
CREATE TABLE chains (
    number INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL UNIQUE, digest TEXT NOT NULL,
    events INTEGER NOT NULL, head TEXT NOT NULL, seal TEXT NOT NULL
);

-- Everything that happened.
CREATE TABLE events (
    run TEXT NOT NULL, seq INTEGER NOT NULL, json TEXT NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (run, seq)
) WITHOUT ROWID;

-- Duties that a run has left and that somebody has ended by hand, in the order in which that came; the others are ended
-- by runs.
CREATE TABLE releases (
    number INTEGER PRIMARY KEY AUTOINCREMENT, hold TEXT NOT NULL, time TEXT NOT NULL, by TEXT NOT NULL, why TEXT NOT NULL,
    seal TEXT NOT NULL
);

-- A run a row.
CREATE VIEW runs AS
SELECT c.number, c.run,
    json_extract(f.json, '$.plan') AS plan,
    json_extract(f.json, '$.by.user') AS by,
    json_extract(f.json, '$.by.host') AS host,
    json_extract(f.json, '$.time') AS started,
    CASE json_extract(l.json, '$.event') WHEN 'run_ended' THEN json_extract(l.json, '$.time') END AS ended,
    json_extract(l.json, '$.outcome') AS outcome,
    CASE WHEN l.json IS NOT NULL THEN coalesce(json_array_length(l.json, '$.open'), 0) END AS left_open,
    c.events, c.head
FROM chains c
LEFT JOIN events f ON f.run = c.run AND f.seq = 1
LEFT JOIN events l ON l.run = c.run AND l.seq = c.events AND json_extract(l.json, '$.event') = 'run_ended';

-- An event a row.
CREATE VIEW timeline AS
SELECT e.run, e.seq,
    json_extract(e.json, '$.time') AS time,
    json_extract(e.json, '$.event') AS event,
    p.name AS step,
    coalesce(p.node, json_extract(e.json, '$.node')) AS node,
    json_extract(e.json, '$.attempt') AS attempt,
    coalesce(json_extract(e.json, '$.outcome'), json_extract(e.json, '$.status'), json_extract(e.json, '$.state'),
        json_extract(e.json, '$.answer'), json_extract(e.json, '$.waiver')) AS outcome,
    coalesce(json_extract(e.json, '$.reason'), json_extract(e.json, '$.text'), json_extract(e.json, '$.question')) AS text,
    coalesce(json_extract(e.json, '$.by.user'), json_extract(e.json, '$.by.who'), json_extract(e.json, '$.by.person.who'),
        json_extract(e.json, '$.by.in_advance')) AS by
FROM events e
LEFT JOIN chains c ON c.run = e.run
LEFT JOIN program_steps p ON p.digest = c.digest AND p.step = json_extract(e.json, '$.step');

-- An attempt at a step a row. The outcome is empty while it runs, or if its executor was lost.
CREATE VIEW steps AS
SELECT a.run, p.name, p.node, a.attempt, a.started, a.ended,
    round((julianday(a.ended) - julianday(a.started)) * 86400, 3) AS seconds,
    a.outcome, a.code, a.reason, p.step
FROM (
    -- `max` takes the other columns from the attempt's last event.
    SELECT run, json_extract(json, '$.step') AS step, json_extract(json, '$.attempt') AS attempt, max(seq),
        group_concat(CASE json_extract(json, '$.event') WHEN 'step_started' THEN json_extract(json, '$.time') END) AS started,
        CASE json_extract(json, '$.event') WHEN 'step_ended' THEN json_extract(json, '$.time') END AS ended,
        json_extract(json, '$.outcome') AS outcome,
        json_extract(json, '$.exit.code') AS code,
        json_extract(json, '$.reason') AS reason
    FROM events
    WHERE json_extract(json, '$.event') IN ('step_started', 'step_ended')
    GROUP BY run, step, attempt
) a
JOIN chains c ON c.run = a.run
JOIN program_steps p ON p.digest = c.digest AND p.step = a.step;
