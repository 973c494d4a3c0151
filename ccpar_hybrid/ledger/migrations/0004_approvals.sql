-- What agents asked leave for, and what was decided. A request stands as long as it has not
-- ended. The task's key is no reference: a record of a decision outlives what it was about.
-- (It does not stand in the second column: salvage takes rows with a key there for a task's.)
CREATE TABLE approvals (
    id INTEGER PRIMARY KEY,
    request_id TEXT NOT NULL UNIQUE,
    asked_at TEXT NOT NULL,
    task_key TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    agent TEXT NOT NULL,
    group_name TEXT NOT NULL,
    tool TEXT NOT NULL,
    input TEXT NOT NULL CHECK (json_valid(input)),
    request TEXT NOT NULL CHECK (json_valid(request)),
    ruling TEXT NOT NULL CHECK (json_valid(ruling)),
    decision TEXT,
    decided_by TEXT,
    decided_at TEXT,
    message TEXT,
    ending TEXT,
    ended_at TEXT,
    CHECK ((decided_by IS NULL) = (decided_at IS NULL)),
    CHECK ((ending IS NULL) = (ended_at IS NULL))
);
CREATE INDEX approvals_by_task ON approvals (task_key, id);
CREATE INDEX approvals_by_time ON approvals (asked_at);
CREATE INDEX approvals_standing ON approvals (id) WHERE ended_at IS NULL;
