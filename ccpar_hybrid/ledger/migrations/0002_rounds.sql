-- How an attempt began, in which go at the task, and why it ended.
ALTER TABLE attempts ADD COLUMN start TEXT NOT NULL DEFAULT 'fresh';
ALTER TABLE attempts ADD COLUMN round INTEGER NOT NULL DEFAULT 1;
ALTER TABLE attempts ADD COLUMN cause TEXT;
