-- Keys and ids became numbers, and what is remembered of an entry for ever is in the
-- ledger alone. Everything is read and derived again; what was written is still known.
DROP TABLE feed_entry;
DROP TABLE part;
DROP TABLE item_key;
DROP TABLE entry;
DROP TABLE memory;
DROP TABLE memory_key;
DELETE FROM item;
DELETE FROM document;
DELETE FROM meta;

-- Which entry an item became part of. A table of its own: rows of items are long,
-- and this is written again with every derivation. Entries are named by the number
-- of their id (`entry::Key`).
CREATE TABLE part (
    item INTEGER PRIMARY KEY REFERENCES item (id) ON DELETE CASCADE,
    entry INTEGER NOT NULL
);
CREATE INDEX part_entry ON part (entry);

-- Raw entries that share a key are one entry.
CREATE TABLE item_key (
    key INTEGER NOT NULL,
    item INTEGER NOT NULL REFERENCES item (id) ON DELETE CASCADE,
    PRIMARY KEY (key, item)
) WITHOUT ROWID;
CREATE INDEX item_key_item ON item_key (item);

-- An entry, derived. Its html and text are those of item `content`. A translation
-- has the id of the original with the language behind it, and names it in `original`.
CREATE TABLE entry (
    row INTEGER PRIMARY KEY,
    id INTEGER NOT NULL UNIQUE,
    original INTEGER NOT NULL,
    published INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    data TEXT NOT NULL,
    content INTEGER NOT NULL
);

CREATE INDEX entry_original ON entry (original);

-- Which feed carries which entry; a quiet one is in its archives only.
CREATE TABLE feed_entry (
    feed TEXT NOT NULL,
    published INTEGER NOT NULL,
    entry INTEGER NOT NULL,
    quiet INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (feed, published DESC, entry)
) WITHOUT ROWID;
CREATE INDEX feed_entry_entry ON feed_entry (entry);
