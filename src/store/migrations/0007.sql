-- Pictures that are published from here, because their hosts show them nowhere else.
-- What became of each address; bytes that several addresses have are kept once.
CREATE TABLE picture (
    address TEXT PRIMARY KEY,      -- as it is written
    file TEXT,                     -- name of its file; none while it is not here
    state TEXT NOT NULL            -- JSON
) WITHOUT ROWID;

CREATE TABLE picture_file (
    name TEXT PRIMARY KEY,         -- hash of the bytes, and the ending
    bytes BLOB NOT NULL
);

-- Which entry shows which of them, here already or not.
CREATE TABLE entry_picture (
    entry INTEGER NOT NULL,
    address TEXT NOT NULL,
    PRIMARY KEY (entry, address)
) WITHOUT ROWID;
CREATE INDEX entry_picture_address ON entry_picture (address);
