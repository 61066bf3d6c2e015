-- What is kept of each load and rollback beside its rows: who brought which files, and what became of them. A batch has the
-- number of the version that it made. Of versions that other programs made there is none.
CREATE TABLE onemap_batch (
  version INTEGER PRIMARY KEY REFERENCES onemap_commit(version),
  undoes INTEGER,
  record TEXT NOT NULL
);
CREATE INDEX onemap_batch_undoes ON onemap_batch (undoes) WHERE undoes NOT NULL;
