-- When a key was about to be pressed that answers a request's dialog. It is noted before the key
-- goes out, so that whoever comes after a sudden end knows that it may have been pressed.
ALTER TABLE approvals ADD COLUMN key_at TEXT;
