// Forward steps of the hub's database, from one schema version to the next. Pure: text of SQL.

export interface SchemaStep {
  /** The version that the file has afterwards. */
  readonly version: number;
  readonly what: string;
  readonly sql: string;
}

/** In order, without a gap; never changed once released. */
export const STEPS: readonly SchemaStep[] = [
  {
    version: 1,
    what: 'what the storage holds, which can be made again from there; and who may do what with it',
    sql: `
CREATE TABLE repository (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  pushed_at INTEGER NOT NULL,
  pulls INTEGER NOT NULL DEFAULT 0,
  stars INTEGER NOT NULL DEFAULT 0,
  description TEXT NOT NULL DEFAULT '',
  readme TEXT NOT NULL DEFAULT ''
);
CREATE TABLE manifest (
  repository INTEGER NOT NULL REFERENCES repository(id) ON DELETE CASCADE,
  digest TEXT NOT NULL,
  media_type TEXT NOT NULL,
  size INTEGER NOT NULL,
  artifact_type TEXT NOT NULL,
  subject TEXT,
  annotations TEXT NOT NULL,
  content_size INTEGER NOT NULL,
  pushed_at INTEGER NOT NULL,
  PRIMARY KEY (repository, digest)
) WITHOUT ROWID;
CREATE INDEX manifest_subject ON manifest (repository, subject) WHERE subject IS NOT NULL;
CREATE TABLE tag (
  repository INTEGER NOT NULL REFERENCES repository(id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  pushed_at INTEGER NOT NULL,
  PRIMARY KEY (repository, name)
) WITHOUT ROWID;
CREATE TABLE layer (
  digest TEXT NOT NULL,
  repository INTEGER NOT NULL REFERENCES repository(id) ON DELETE CASCADE,
  size INTEGER NOT NULL,
  PRIMARY KEY (digest, repository)
) WITHOUT ROWID;
CREATE INDEX layer_repository ON layer (repository);
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE account (
  name TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('user', 'robot')),
  secret TEXT NOT NULL,
  is_admin INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  expires_at INTEGER
) WITHOUT ROWID;
CREATE TABLE member (
  team TEXT NOT NULL,
  account TEXT NOT NULL REFERENCES account(name) ON DELETE CASCADE,
  PRIMARY KEY (account, team)
) WITHOUT ROWID;
CREATE TABLE permission (
  subject TEXT NOT NULL,
  pattern TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('read', 'write', 'admin')),
  PRIMARY KEY (subject, pattern)
) WITHOUT ROWID;
CREATE TABLE rule (
  kind TEXT NOT NULL CHECK (kind IN ('immutable', 'quota')),
  pattern TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (kind, pattern)
) WITHOUT ROWID;
CREATE TABLE audit (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  account TEXT NOT NULL,
  address TEXT NOT NULL,
  action TEXT NOT NULL,
  repository TEXT NOT NULL,
  what TEXT NOT NULL
);
`,
  },
  {
    version: 2,
    what: 'the words of names and descriptions, for the search',
    sql: `
CREATE VIRTUAL TABLE search USING fts5 (name, description, tokenize = 'unicode61', prefix = '1 2 3');
INSERT INTO search (rowid, name, description) SELECT id, name, description FROM repository;
CREATE TRIGGER search_insert AFTER INSERT ON repository BEGIN
  INSERT INTO search (rowid, name, description) VALUES (new.id, new.name, new.description);
END;
CREATE TRIGGER search_update AFTER UPDATE OF description ON repository BEGIN
  UPDATE search SET description = new.description WHERE rowid = new.id;
END;
CREATE TRIGGER search_delete AFTER DELETE ON repository BEGIN
  DELETE FROM search WHERE rowid = old.id;
END;
`,
  },
  {
    version: 3,
    what: 'images by platform, label and base; stars and collections; what layers hold. The storage is read again',
    sql: `
ALTER TABLE manifest ADD COLUMN platforms TEXT NOT NULL DEFAULT '';
ALTER TABLE repository ADD COLUMN size INTEGER NOT NULL DEFAULT 0;
CREATE INDEX repository_pulls ON repository (pulls DESC, name);
CREATE INDEX repository_pushed ON repository (pushed_at DESC);
CREATE TABLE image (
  id INTEGER PRIMARY KEY,
  repository INTEGER NOT NULL,
  digest TEXT NOT NULL,
  platform TEXT NOT NULL,
  created_at INTEGER,
  size INTEGER NOT NULL,
  base_name TEXT NOT NULL,
  chain INTEGER NOT NULL,
  UNIQUE (repository, digest),
  FOREIGN KEY (repository, digest) REFERENCES manifest (repository, digest) ON DELETE CASCADE
);
CREATE INDEX image_platform ON image (platform, repository);
CREATE INDEX image_chain ON image (chain);
CREATE INDEX image_base ON image (base_name) WHERE base_name <> '';
CREATE TABLE chain (
  chain INTEGER NOT NULL,
  image INTEGER NOT NULL REFERENCES image(id) ON DELETE CASCADE,
  depth INTEGER NOT NULL,
  PRIMARY KEY (chain, image)
) WITHOUT ROWID;
CREATE INDEX chain_image ON chain (image);
CREATE TABLE label (
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  image INTEGER NOT NULL REFERENCES image(id) ON DELETE CASCADE,
  PRIMARY KEY (name, value, image)
) WITHOUT ROWID;
CREATE INDEX label_image ON label (image);
CREATE TABLE star (
  account TEXT NOT NULL REFERENCES account(name) ON DELETE CASCADE,
  repository INTEGER NOT NULL REFERENCES repository(id) ON DELETE CASCADE,
  PRIMARY KEY (account, repository)
) WITHOUT ROWID;
CREATE INDEX star_repository ON star (repository);
CREATE TRIGGER star_insert AFTER INSERT ON star BEGIN
  UPDATE repository SET stars = stars + 1 WHERE id = new.repository;
END;
CREATE TRIGGER star_delete AFTER DELETE ON star BEGIN
  UPDATE repository SET stars = stars - 1 WHERE id = old.repository;
END;
CREATE TABLE collection (
  name TEXT PRIMARY KEY,
  title TEXT NOT NULL,
  owner TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE collected (
  collection TEXT NOT NULL REFERENCES collection(name) ON DELETE CASCADE,
  repository INTEGER NOT NULL REFERENCES repository(id) ON DELETE CASCADE,
  PRIMARY KEY (collection, repository)
) WITHOUT ROWID;
CREATE TABLE personal_token (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL REFERENCES account(name) ON DELETE CASCADE,
  name TEXT NOT NULL,
  secret TEXT NOT NULL UNIQUE,
  role TEXT NOT NULL CHECK (role IN ('read', 'write', 'admin')),
  created_at INTEGER NOT NULL,
  expires_at INTEGER
) WITHOUT ROWID;
CREATE INDEX personal_token_account ON personal_token (account);
CREATE TABLE listing (digest TEXT PRIMARY KEY, at INTEGER NOT NULL, content BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX listing_at ON listing (at);
DELETE FROM fact WHERE name = 'scanned';
`,
  },
  {
    version: 4,
    what: 'other registries: those that names lead to, those that pushes go on to; web hooks; what is to be kept',
    sql: `
CREATE TABLE upstream (
  prefix TEXT PRIMARY KEY,
  domain TEXT NOT NULL,
  path TEXT NOT NULL,
  account TEXT NOT NULL,
  secret TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE replica (
  pattern TEXT NOT NULL,
  domain TEXT NOT NULL,
  path TEXT NOT NULL,
  account TEXT NOT NULL,
  secret TEXT NOT NULL,
  PRIMARY KEY (pattern, domain, path)
) WITHOUT ROWID;
CREATE TABLE webhook (
  pattern TEXT NOT NULL,
  url TEXT NOT NULL,
  secret TEXT NOT NULL,
  PRIMARY KEY (pattern, url)
) WITHOUT ROWID;
CREATE TABLE job (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  target TEXT NOT NULL,
  body TEXT NOT NULL,
  next_at INTEGER NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  error TEXT NOT NULL DEFAULT ''
);
CREATE INDEX job_next ON job (next_at);
CREATE TABLE retention (
  pattern TEXT NOT NULL,
  tags TEXT NOT NULL,
  keep INTEGER NOT NULL,
  days INTEGER NOT NULL,
  PRIMARY KEY (pattern, tags)
) WITHOUT ROWID;
`,
  },
  {
    version: 5,
    what: 'a search that keeps no places of words, more beginnings of them, and at the repository whether it has anything to pull',
    sql: `
ALTER TABLE repository ADD COLUMN pullable INTEGER NOT NULL DEFAULT 0;
UPDATE repository SET pullable = EXISTS (SELECT 1 FROM manifest m WHERE m.repository = repository.id);
CREATE TRIGGER manifest_insert AFTER INSERT ON manifest BEGIN
  UPDATE repository SET pullable = 1 WHERE id = new.repository AND NOT pullable;
END;
CREATE TRIGGER manifest_delete AFTER DELETE ON manifest BEGIN
  UPDATE repository SET pullable = EXISTS (SELECT 1 FROM manifest WHERE repository = old.repository) WHERE id = old.repository;
END;
DROP TRIGGER search_insert;
DROP TRIGGER search_update;
DROP TRIGGER search_delete;
DROP TABLE search;
CREATE VIRTUAL TABLE search USING fts5 (
  name, description, tokenize = 'unicode61', prefix = '1 2 3 4 5 6', detail = none
);
INSERT INTO search (rowid, name, description) SELECT id, name, description FROM repository;
CREATE TRIGGER search_insert AFTER INSERT ON repository BEGIN
  INSERT INTO search (rowid, name, description) VALUES (new.id, new.name, new.description);
END;
CREATE TRIGGER search_update AFTER UPDATE OF description ON repository WHEN old.description <> new.description BEGIN
  UPDATE search SET description = new.description WHERE rowid = new.id;
END;
CREATE TRIGGER search_delete AFTER DELETE ON repository BEGIN
  DELETE FROM search WHERE rowid = old.id;
END;
`,
  },
  {
    version: 6,
    what: 'repositories of other registries that are brought here again and again',
    sql: `
CREATE TABLE follow (
  pattern TEXT NOT NULL,
  domain TEXT NOT NULL,
  path TEXT NOT NULL,
  account TEXT NOT NULL,
  secret TEXT NOT NULL,
  every_ms INTEGER NOT NULL,
  next_at INTEGER NOT NULL,
  PRIMARY KEY (pattern, domain, path)
) WITHOUT ROWID;
`,
  },
];
