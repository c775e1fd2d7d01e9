/**
 * Indexes kept on a vector database too. A projection without an index waits for its collection to be taken off the
 * server. Changes of members are logged by triggers, whoever makes them, while somebody follows; a row goes once the
 * server has it.
 */
export const projections = `
CREATE TABLE kb_server(
  kb_id INTEGER PRIMARY KEY REFERENCES kb(id) ON DELETE CASCADE,
  server TEXT NOT NULL
) STRICT;
CREATE TABLE projection(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  index_id INTEGER UNIQUE,
  server TEXT NOT NULL,
  collection TEXT NOT NULL UNIQUE,
  -- The last slot of the first filling that the server has; NULL when the filling is over.
  filled INTEGER,
  -- The last change that the server has.
  position INTEGER NOT NULL
) STRICT;
CREATE TABLE member_log(
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  index_id INTEGER NOT NULL,
  slot INTEGER NOT NULL,
  op INTEGER NOT NULL CHECK(op IN (1,2))
) STRICT;
CREATE INDEX member_log_index ON member_log(index_id, seq);
CREATE TRIGGER member_added AFTER INSERT ON member
WHEN EXISTS (SELECT 1 FROM projection WHERE index_id = NEW.index_id)
BEGIN INSERT INTO member_log(index_id, slot, op) VALUES(NEW.index_id, NEW.slot, 1); END;
CREATE TRIGGER member_removed AFTER DELETE ON member
WHEN EXISTS (SELECT 1 FROM projection WHERE index_id = OLD.index_id)
BEGIN INSERT INTO member_log(index_id, slot, op) VALUES(OLD.index_id, OLD.slot, 2); END;
CREATE TRIGGER index_gone AFTER DELETE ON ann_index BEGIN
  UPDATE projection SET index_id = NULL WHERE index_id = OLD.id;
  DELETE FROM member_log WHERE index_id = OLD.id;
END;
`;
