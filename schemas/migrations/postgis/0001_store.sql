-- A store's own tables in a PostgreSQL database with PostGIS. Layers' tables stand in public, all else here and in
-- onemap_history, so that GIS programs list the layers and nothing else. No schema is called onemap: a user may be, and
-- what he makes would go into the schema of his name.

CREATE SCHEMA onemap_meta;
CREATE SCHEMA onemap_history;
COMMENT ON SCHEMA onemap_meta IS 'onemap: versions, layers, change log';
COMMENT ON SCHEMA onemap_history IS 'onemap: every state that a feature ever had';

-- Facts about the store: schema_version, epoch, crs, oldest; and identity, which tells one life of the data from another.
CREATE TABLE onemap_meta.meta (
  key text PRIMARY KEY,
  value text NOT NULL
);

-- Rows carry the number of the transaction that made or ended them (tx). It is known when they are written; the version
-- is known only when the transaction commits, and stands here.
CREATE SEQUENCE onemap_meta.tx;
CREATE TABLE onemap_meta.commit (
  tx bigint PRIMARY KEY,
  version bigint UNIQUE,
  time timestamptz,
  who text NOT NULL,
  what text NOT NULL
);
CREATE INDEX ON onemap_meta.commit (time);

-- What a transaction did to which layer: how many features came, changed and went, and whether the layer itself changed.
CREATE TABLE onemap_meta.touched (
  tx bigint NOT NULL,
  layer text NOT NULL,
  version bigint,
  inserted bigint NOT NULL DEFAULT 0,
  updated bigint NOT NULL DEFAULT 0,
  deleted bigint NOT NULL DEFAULT 0,
  redefined boolean NOT NULL DEFAULT false,
  PRIMARY KEY (tx, layer)
);
CREATE INDEX ON onemap_meta.touched (layer, version);
CREATE INDEX ON onemap_meta.touched (version);

-- Who assigns a version holds the one row of counter; nobody ever changes it. The sequences keep the last version and the
-- last time (in microseconds), because a transaction that sees an old snapshot must see them too.
CREATE TABLE onemap_meta.counter (one boolean PRIMARY KEY DEFAULT true CHECK (one));
INSERT INTO onemap_meta.counter DEFAULT VALUES;
CREATE SEQUENCE onemap_meta.last_version MINVALUE 0 START 0;
CREATE SEQUENCE onemap_meta.last_time MINVALUE 0 START 0;

-- What the layers are, from transaction since_tx (included) to until_tx (excluded; null: still).
CREATE TABLE onemap_meta.layer (
  name text NOT NULL,
  since_tx bigint NOT NULL,
  until_tx bigint,
  definition json NOT NULL,
  PRIMARY KEY (name, since_tx)
);
CREATE UNIQUE INDEX ON onemap_meta.layer (name) WHERE until_tx IS NULL;

-- How the table of each layer looked when it was left; a layer whose table was dropped waits here for its return. A shape
-- that cannot be followed stands in refused, with the reason.
CREATE TABLE onemap_meta.following (
  layer text PRIMARY KEY,
  definition json NOT NULL,
  shape text,
  refused text,
  reason text
);

-- How many features a layer had at some version, so that not all commits have to be summed up.
CREATE TABLE onemap_meta.layer_count (
  layer text NOT NULL,
  version bigint NOT NULL,
  features bigint NOT NULL,
  PRIMARY KEY (layer, version)
);
