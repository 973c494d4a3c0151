-- What is known of the accounts that agents use: how full their windows are, which limits were
-- met, and which logins were refused. Nothing here is a secret.
CREATE TABLE accounts (
    account TEXT PRIMARY KEY,
    seen_at TEXT NOT NULL,
    good_at TEXT,
    departed_at TEXT,
    departed_key TEXT
) WITHOUT ROWID;

CREATE TABLE readings (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    window_name TEXT NOT NULL,
    at TEXT NOT NULL,
    used_percent REAL NOT NULL,
    resets_at TEXT
);
CREATE INDEX readings_by_window ON readings (account, window_name, id);

-- A limit is lifted when a person says that it is over.
CREATE TABLE limits (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    since TEXT NOT NULL,
    until TEXT NOT NULL,
    window_name TEXT,
    is_known INTEGER NOT NULL,
    times INTEGER NOT NULL,
    lifted_at TEXT
);
CREATE INDEX limits_by_account ON limits (account, id);

-- A refusal of a login holds until a person starts a group that was paused for it.
CREATE TABLE login_refusals (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    group_name TEXT NOT NULL,
    at TEXT NOT NULL,
    text TEXT NOT NULL,
    paused_at TEXT,
    lifted_at TEXT
);
CREATE INDEX login_refusals_open ON login_refusals (account) WHERE lifted_at IS NULL;
