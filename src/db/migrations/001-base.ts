/**
 * Hashes are the first 16 bytes of a sha256. Every chunk, index and FTS table belongs to one (knowledge base, node
 * group); the FTS tables `fts_<group id>` are made with their group (see fts-table.ts).
 */
export const base = `
CREATE TABLE meta(k TEXT PRIMARY KEY, v TEXT NOT NULL) STRICT;
INSERT INTO meta(k, v) VALUES('fts_version', '1');

CREATE TABLE kb(
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  created_at TEXT NOT NULL,
  deleted INTEGER NOT NULL DEFAULT 0 CHECK(deleted IN (0,1))
) STRICT;
CREATE TABLE kb_root(kb_id INTEGER NOT NULL REFERENCES kb(id), path TEXT NOT NULL, PRIMARY KEY(kb_id, path)) STRICT, WITHOUT ROWID;
CREATE TABLE node_group(
  id INTEGER PRIMARY KEY,
  kb_id INTEGER NOT NULL REFERENCES kb(id),
  ord INTEGER NOT NULL,
  name TEXT NOT NULL,
  spec TEXT NOT NULL,
  UNIQUE(kb_id, name)
) STRICT;
CREATE TABLE embedder(
  id INTEGER PRIMARY KEY,
  fp BLOB NOT NULL UNIQUE CHECK(length(fp) = 16),
  dim INTEGER NOT NULL CHECK(dim > 0)
) STRICT;
-- rank 0 is active; previous marks the one that rollback returns to. embedder_id is known from the first ingest on.
CREATE TABLE kb_embedder(
  kb_id INTEGER NOT NULL REFERENCES kb(id),
  name TEXT NOT NULL,
  ord INTEGER NOT NULL,
  previous INTEGER NOT NULL DEFAULT 0,
  embedder_id INTEGER REFERENCES embedder(id),
  PRIMARY KEY(kb_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE source(
  id INTEGER PRIMARY KEY,
  kb_id INTEGER NOT NULL REFERENCES kb(id),
  path TEXT NOT NULL,
  size REAL NOT NULL,
  mtime_ms REAL NOT NULL,
  inode REAL NOT NULL,
  sha BLOB NOT NULL,
  recipe BLOB NOT NULL,
  state TEXT NOT NULL CHECK(state IN ('new','ok','failed','gone')),
  error TEXT,
  hint TEXT,
  updated_at TEXT NOT NULL,
  UNIQUE(kb_id, path)
) STRICT;
CREATE TABLE doc(
  id INTEGER PRIMARY KEY,
  kb_id INTEGER NOT NULL REFERENCES kb(id),
  source_id INTEGER NOT NULL REFERENCES source(id),
  key TEXT NOT NULL,
  current_rev INTEGER,
  state TEXT NOT NULL CHECK(state IN ('new','live','trash','failed')),
  trashed_at TEXT,
  updated_at TEXT NOT NULL,
  UNIQUE(source_id, key)
) STRICT;
CREATE INDEX doc_kb ON doc(kb_id, state);
-- 'live' and 'trash' revisions keep their chunks; 'embedding' ones are not visible and go when their session dies.
CREATE TABLE doc_rev(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  doc_id INTEGER NOT NULL REFERENCES doc(id),
  state TEXT NOT NULL CHECK(state IN ('embedding','live','trash')),
  content BLOB NOT NULL,
  title TEXT NOT NULL,
  text TEXT NOT NULL,
  metadata TEXT NOT NULL,
  chunks INTEGER NOT NULL,
  characters INTEGER NOT NULL,
  created_at TEXT NOT NULL
) STRICT;
CREATE INDEX doc_rev_doc ON doc_rev(doc_id);
CREATE INDEX doc_rev_embedding ON doc_rev(state) WHERE state = 'embedding';
CREATE TABLE chunk(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  rev_id INTEGER NOT NULL REFERENCES doc_rev(id),
  group_id INTEGER NOT NULL REFERENCES node_group(id),
  ord INTEGER NOT NULL,
  start_off INTEGER NOT NULL,
  end_off INTEGER NOT NULL,
  title TEXT NOT NULL,
  text TEXT NOT NULL,
  h BLOB NOT NULL,
  UNIQUE(rev_id, group_id, ord)
) STRICT;
CREATE INDEX chunk_text ON chunk(group_id, h, rev_id);
-- How many live chunks of a group have a text; a row exists only while that is more than none.
CREATE TABLE live_text(
  group_id INTEGER NOT NULL REFERENCES node_group(id),
  h BLOB NOT NULL,
  refs INTEGER NOT NULL CHECK(refs > 0),
  PRIMARY KEY(group_id, h)
) STRICT, WITHOUT ROWID;

-- One vector per (embedder, exact text), whoever asked for it. Labels of the index are 32 bit.
CREATE TABLE vec(
  slot INTEGER PRIMARY KEY AUTOINCREMENT CHECK(slot > 0 AND slot < 4294967295),
  embedder_id INTEGER NOT NULL REFERENCES embedder(id),
  h BLOB NOT NULL CHECK(length(h) = 16),
  v BLOB NOT NULL,
  UNIQUE(embedder_id, h)
) STRICT;
CREATE TRIGGER vec_length BEFORE INSERT ON vec
WHEN length(NEW.v) IS NOT 4 * (SELECT dim FROM embedder WHERE id = NEW.embedder_id)
BEGIN SELECT RAISE(ABORT, 'vector length differs from the dimension of its embedder'); END;
CREATE TRIGGER vec_fixed BEFORE UPDATE ON vec
BEGIN SELECT RAISE(ABORT, 'a stored vector never changes'); END;

CREATE TABLE ann_index(
  id INTEGER PRIMARY KEY,
  group_id INTEGER NOT NULL REFERENCES node_group(id),
  embedder_id INTEGER NOT NULL REFERENCES embedder(id),
  UNIQUE(group_id, embedder_id)
) STRICT;
-- What a search of the index must find: the vectors of the live texts of its group.
CREATE TABLE member(
  index_id INTEGER NOT NULL REFERENCES ann_index(id),
  slot INTEGER NOT NULL REFERENCES vec(slot),
  PRIMARY KEY(index_id, slot)
) STRICT, WITHOUT ROWID;
CREATE TABLE ann_segment(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  index_id INTEGER NOT NULL REFERENCES ann_index(id),
  file TEXT NOT NULL UNIQUE,
  count INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  sha256 BLOB NOT NULL CHECK(length(sha256) = 32),
  dim INTEGER NOT NULL,
  space TEXT NOT NULL,
  m INTEGER NOT NULL,
  ef_construction INTEGER NOT NULL,
  ef INTEGER NOT NULL,
  library TEXT NOT NULL,
  recall REAL NOT NULL,
  created_at TEXT NOT NULL
) STRICT;

CREATE TABLE answer(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL,
  kb TEXT NOT NULL,
  question TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;
`;
