-- Linked pages: what became of each address, and of each host. What was read of a page
-- is a document of the origin `article:`; its one item has the kind `page`.
CREATE TABLE page (
    key INTEGER PRIMARY KEY,       -- the number of the address's key
    name TEXT NOT NULL,            -- the key
    settled INTEGER NOT NULL,      -- 1: it is never asked for again
    state TEXT NOT NULL            -- JSON
);

CREATE TABLE page_host (
    host TEXT PRIMARY KEY,
    state TEXT NOT NULL            -- JSON
) WITHOUT ROWID;

-- To find the few that are looked for among all items.
CREATE INDEX item_article ON item (id) WHERE kind = 'article';
CREATE INDEX item_page ON item (id) WHERE kind = 'page';
