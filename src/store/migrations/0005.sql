-- What hosts asked of us: a run does not forget it because the one before has ended.
CREATE TABLE pause (
    host TEXT PRIMARY KEY,
    until INTEGER NOT NULL,        -- unix seconds
    decided INTEGER NOT NULL       -- unix seconds: tells a long pause from a clock that was wrong
) WITHOUT ROWID;

CREATE TABLE robots (
    address TEXT PRIMARY KEY,      -- of the robots.txt
    asked INTEGER NOT NULL,        -- unix seconds
    said TEXT NOT NULL             -- JSON
) WITHOUT ROWID;

-- A copy of the ledger's lines of sources: a run in which nothing happens need not read it.
CREATE TABLE source_line (
    name TEXT PRIMARY KEY,
    line TEXT NOT NULL             -- JSON
) WITHOUT ROWID;

-- What became of sources, to be told in a feed.
CREATE TABLE health_event (
    at INTEGER NOT NULL,           -- unix seconds
    source TEXT NOT NULL,
    state TEXT NOT NULL,
    event TEXT NOT NULL,           -- JSON
    PRIMARY KEY (at, source, state)
) WITHOUT ROWID;
