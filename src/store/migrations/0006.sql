-- The text of a document apart from what tells whether it changed: that is read of every
-- document in every run, and what stands behind a long text in a row is far away.
-- Documents that are nothing but their items have no row here.
CREATE TABLE body (
    document INTEGER PRIMARY KEY REFERENCES document (id) ON DELETE CASCADE,
    raw BLOB NOT NULL,
    reading TEXT NOT NULL          -- JSON: what the reader reported
);
INSERT INTO body (document, raw, reading)
    SELECT id, raw, reading FROM document WHERE length(raw) > 0 OR reading <> '{}';

-- Anew, not with columns dropped: rows would stay where the long ones were.
CREATE TABLE document_new (
    id INTEGER PRIMARY KEY,
    origin TEXT NOT NULL,          -- `posts:FOLDER`, `source:NAME` or `article:`
    path TEXT NOT NULL,            -- below the origin
    size INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL,
    changed_ns INTEGER NOT NULL,   -- ctime: moves with every write
    hash TEXT NOT NULL,
    waits_until INTEGER,           -- unix seconds; its items appear then
    UNIQUE (origin, path)
);
INSERT INTO document_new
    SELECT id, origin, path, size, modified_ns, changed_ns, hash, waits_until FROM document;
DROP TABLE document;
ALTER TABLE document_new RENAME TO document;
