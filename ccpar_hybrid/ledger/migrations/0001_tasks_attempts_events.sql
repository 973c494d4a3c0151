-- Times are ISO-8601 UTC text with microseconds, so that they sort as text.
-- A task is settled when it has an outcome.
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    source TEXT NOT NULL,
    group_name TEXT NOT NULL,
    label TEXT,
    created_at TEXT NOT NULL,
    pueue_id INTEGER,
    spec TEXT NOT NULL CHECK (json_valid(spec)),
    outcome TEXT CHECK (outcome IS NULL OR json_valid(outcome)),
    result TEXT,
    ended_at TEXT,
    duration_s REAL,
    CHECK ((outcome IS NULL) = (result IS NULL) AND (outcome IS NULL) = (ended_at IS NULL))
);
CREATE INDEX tasks_by_label ON tasks (label) WHERE label IS NOT NULL;
CREATE INDEX tasks_by_group ON tasks (group_name);
CREATE INDEX tasks_unsettled ON tasks (id, group_name) WHERE outcome IS NULL;
CREATE INDEX tasks_by_end ON tasks (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE attempts (
    task_key TEXT NOT NULL REFERENCES tasks (key) ON DELETE CASCADE,
    number INTEGER NOT NULL CHECK (number >= 1),
    worker TEXT NOT NULL,
    agent TEXT NOT NULL,
    started_at TEXT NOT NULL,
    session_id TEXT,
    pueue_id INTEGER,
    outcome TEXT CHECK (outcome IS NULL OR json_valid(outcome)),
    PRIMARY KEY (task_key, number)
) WITHOUT ROWID;

CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    task_key TEXT NOT NULL REFERENCES tasks (key) ON DELETE CASCADE,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    attempt INTEGER,
    data TEXT NOT NULL CHECK (json_valid(data))
);
CREATE INDEX events_by_task ON events (task_key, id);
