-- What is remembered of sources between runs, and what was stored but not derived yet:
-- each source is a transaction of its own.
CREATE TABLE source (
    name TEXT PRIMARY KEY,
    state TEXT NOT NULL            -- JSON
) WITHOUT ROWID;

CREATE TABLE dirty (
    entry INTEGER NOT NULL,        -- 1: an entry that lost an item; 0: a key
    number INTEGER NOT NULL,
    PRIMARY KEY (entry, number)
) WITHOUT ROWID;
