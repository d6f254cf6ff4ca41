-- What was read, and what was derived from it. Everything here can be read again
-- or derived again; what must never change is in the ledger.
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- A file or a feed, as it was read last.
CREATE TABLE document (
    id INTEGER PRIMARY KEY,
    origin TEXT NOT NULL,          -- `posts:FOLDER` or `source:NAME`
    path TEXT NOT NULL,            -- below the origin
    size INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL,
    changed_ns INTEGER NOT NULL,   -- ctime: moves with every write
    hash TEXT NOT NULL,
    raw BLOB NOT NULL,
    reading TEXT NOT NULL,         -- JSON: what the reader reported
    waits_until INTEGER,           -- unix seconds; its items appear then
    UNIQUE (origin, path)
);

-- A raw entry of a document.
CREATE TABLE item (
    id INTEGER PRIMARY KEY,
    document INTEGER NOT NULL REFERENCES document (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    raw TEXT NOT NULL,             -- JSON, without html and text
    html TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX item_document ON item (document);

-- Which entry an item became part of. A table of its own: rows of items are long,
-- and this is written again with every derivation.
CREATE TABLE part (
    item INTEGER PRIMARY KEY REFERENCES item (id) ON DELETE CASCADE,
    entry TEXT NOT NULL
);
CREATE INDEX part_entry ON part (entry);

-- Raw entries that share a key are one entry.
CREATE TABLE item_key (
    key TEXT NOT NULL,
    item INTEGER NOT NULL REFERENCES item (id) ON DELETE CASCADE,
    PRIMARY KEY (key, item)
) WITHOUT ROWID;
CREATE INDEX item_key_item ON item_key (item);

-- An entry, derived. Its html and text are those of item `content`.
CREATE TABLE entry (
    id TEXT NOT NULL UNIQUE,
    published INTEGER NOT NULL,
    data TEXT NOT NULL,
    content INTEGER NOT NULL
);

-- Which feed carries which entry.
CREATE TABLE feed_entry (
    feed TEXT NOT NULL,
    published INTEGER NOT NULL,
    entry TEXT NOT NULL,
    PRIMARY KEY (feed, published DESC, entry)
) WITHOUT ROWID;
CREATE INDEX feed_entry_entry ON feed_entry (entry);

-- What was written into the output folder.
CREATE TABLE output (
    path TEXT PRIMARY KEY,
    hash TEXT NOT NULL,
    size INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL
) WITHOUT ROWID;

-- What is remembered of an entry for ever: a copy of the ledger.
CREATE TABLE memory (
    id TEXT PRIMARY KEY,
    keys TEXT NOT NULL,            -- JSON, the minting one first
    first_seen INTEGER NOT NULL,
    text_hash TEXT NOT NULL,
    changed INTEGER
) WITHOUT ROWID;

-- Which id a key stands for.
CREATE TABLE memory_key (
    key TEXT PRIMARY KEY,
    id TEXT NOT NULL
) WITHOUT ROWID;
