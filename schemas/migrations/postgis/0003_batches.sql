-- What is kept of each load and rollback beside its rows: who brought which files, and what became of them. A batch has the
-- number of the version that its transaction makes; where that comes to nothing, the batch goes with the commit.
CREATE TABLE onemap_meta.batch (
  tx bigint PRIMARY KEY REFERENCES onemap_meta.commit ON DELETE CASCADE,
  database_user text NOT NULL DEFAULT session_user,
  undoes bigint,
  record json NOT NULL
);
CREATE INDEX ON onemap_meta.batch (undoes) WHERE undoes IS NOT NULL;
