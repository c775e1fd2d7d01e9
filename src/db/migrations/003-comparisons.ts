/** History of comparisons, their votes, and columns saved by name. Bodies stand last: a list does not read them. */
export const comparisons = `
CREATE TABLE comparison(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL,
  kb TEXT NOT NULL,
  question TEXT NOT NULL,
  state TEXT NOT NULL CHECK(state IN ('open','ended','cut')),
  trashed_at TEXT,
  -- Lower case: what a filter looks in.
  words TEXT NOT NULL,
  head TEXT NOT NULL
) STRICT;
CREATE INDEX comparison_trash ON comparison(trashed_at) WHERE trashed_at IS NOT NULL;
-- 'open' has no body yet: what it said and gathered so far stands beside it until it ends.
CREATE TABLE comparison_column(
  comparison_id INTEGER NOT NULL REFERENCES comparison(id) ON DELETE CASCADE,
  ord INTEGER NOT NULL,
  name TEXT NOT NULL,
  llm TEXT NOT NULL,
  state TEXT NOT NULL CHECK(state IN ('open','ok','empty','failed','cancelled')),
  settings TEXT NOT NULL,
  said TEXT NOT NULL DEFAULT '',
  gathered TEXT,
  body TEXT,
  UNIQUE(comparison_id, ord),
  CHECK((state = 'open') = (body IS NULL))
) STRICT;
CREATE TABLE comparison_vote(
  comparison_id INTEGER PRIMARY KEY REFERENCES comparison(id) ON DELETE CASCADE,
  at TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE TABLE column_set(
  name TEXT PRIMARY KEY,
  saved_at TEXT NOT NULL,
  columns TEXT NOT NULL
) STRICT;
`;
