-- What the triggers do. Every function says where names are looked up, and runs with the rights of the store's owner: who
-- may edit a layer need not be allowed to write its history.

-- The number of the running transaction; null where it changed nothing yet. A setting that is local to the transaction
-- goes with it, and with a savepoint that is rolled back.
CREATE OR REPLACE FUNCTION onemap_meta.current_tx() RETURNS bigint
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN split_part(current_setting('onemap.tx', true), '/', 1) = pg_current_xact_id_if_assigned()::text
         THEN split_part(current_setting('onemap.tx', true), '/', 2)::bigint END
$$;

-- Makes the running transaction one that will be a version.
CREATE OR REPLACE FUNCTION onemap_meta.enter(tx bigint, who text, what text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM set_config('onemap.tx', pg_current_xact_id()::text || '/' || tx, true);
  INSERT INTO onemap_meta.commit (tx, who, what) VALUES (tx, who, what);
END $$;

-- Adds to what the transaction did to a layer.
CREATE OR REPLACE FUNCTION onemap_meta.touch(tx bigint, layer text, inserted bigint, updated bigint, deleted bigint)
RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO onemap_meta.touched AS t (tx, layer, version, inserted, updated, deleted)
  VALUES (touch.tx, touch.layer, (SELECT c.version FROM onemap_meta.commit c WHERE c.tx = touch.tx),
    touch.inserted, touch.updated, touch.deleted)
  ON CONFLICT ON CONSTRAINT touched_pkey DO UPDATE SET inserted = t.inserted + excluded.inserted,
    updated = t.updated + excluded.updated, deleted = t.deleted + excluded.deleted
$$;

-- Gives the transaction its version. Runs when it commits (or where SET CONSTRAINTS says so), and from then on until the
-- end of the transaction holds the lock that makes versions come in commit order.
CREATE OR REPLACE FUNCTION onemap_meta.seal() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v bigint;
  micros bigint;
BEGIN
  IF NEW.version IS NOT NULL THEN
    RETURN NULL; -- a restored row
  END IF;
  IF NOT EXISTS (SELECT FROM onemap_meta.touched t WHERE t.tx = NEW.tx
                 AND (t.inserted <> 0 OR t.updated <> 0 OR t.deleted <> 0 OR t.redefined)) THEN
    DELETE FROM onemap_meta.touched t WHERE t.tx = NEW.tx;
    DELETE FROM onemap_meta.commit c WHERE c.tx = NEW.tx;
    RETURN NULL;
  END IF;
  PERFORM FROM onemap_meta.counter FOR UPDATE;
  IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
    SELECT last_value + 1 INTO v FROM onemap_meta.last_version; -- the table would show an old snapshot
  ELSE
    SELECT coalesce(max(c.version), 0) + 1 INTO v FROM onemap_meta.commit c WHERE c.version IS NOT NULL;
  END IF;
  PERFORM setval('onemap_meta.last_version', v);
  SELECT greatest((extract(epoch FROM clock_timestamp()) * 1000000)::bigint, last_value) INTO micros
    FROM onemap_meta.last_time;
  PERFORM setval('onemap_meta.last_time', micros);
  DELETE FROM onemap_meta.touched t WHERE t.tx = NEW.tx
    AND t.inserted = 0 AND t.updated = 0 AND t.deleted = 0 AND NOT t.redefined;
  UPDATE onemap_meta.touched t SET version = v WHERE t.tx = NEW.tx;
  UPDATE onemap_meta.commit c SET version = v,
    time = timestamptz 'epoch' + make_interval(secs => micros / 1000000) + (micros % 1000000) * interval '1 microsecond'
    WHERE c.tx = NEW.tx;
  PERFORM pg_notify('onemap', v::text);
  RETURN NULL;
END $$;

DROP TRIGGER IF EXISTS seal ON onemap_meta.commit;
CREATE CONSTRAINT TRIGGER seal AFTER INSERT ON onemap_meta.commit
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION onemap_meta.seal();
ALTER TABLE onemap_meta.commit ENABLE ALWAYS TRIGGER seal;

-- How a layer's table looks: which table it is, its columns and primary key, the log's triggers. Null: there is none.
CREATE OR REPLACE FUNCTION onemap_meta.shape(layer text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT concat_ws('|', c.oid, c.relkind,
    (SELECT string_agg(concat(quote_ident(a.attname), ' ', format_type(a.atttypid, a.atttypmod)), ',' ORDER BY a.attnum)
       FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
    (SELECT i.indkey::text FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary),
    (SELECT string_agg(concat(t.tgname, ' ', t.tgenabled, ' ', t.tgfoid), ',' ORDER BY t.tgname)
       FROM pg_trigger t WHERE t.tgrelid = c.oid AND starts_with(t.tgname, 'onemap_')))
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = 'public' AND c.relname = layer AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
$$;

-- What tells this life of the data from others: the cluster, the database, the timeline, and the tables themselves, which
-- are other ones after a restore. Null on a standby, which is the same life as its primary.
CREATE OR REPLACE FUNCTION onemap_meta.identity() RETURNS text
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN NOT pg_is_in_recovery() THEN concat_ws('/',
    (SELECT system_identifier FROM pg_control_system()),
    (SELECT oid FROM pg_database WHERE datname = current_database()),
    left(pg_walfile_name(pg_current_wal_lsn()), 8),
    'onemap_meta.meta'::regclass::oid) END
$$;

-- Lets numbers go on after one that a program chose itself. A number in reach is reached by taking those before it: to set
-- the sequence could give a number again that another transaction takes meanwhile.
CREATE OR REPLACE FUNCTION onemap_meta.raise_number(sequence regclass, number bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  last bigint := coalesce(pg_sequence_last_value(sequence), 0);
BEGIN
  IF number <= last THEN
    RETURN;
  END IF;
  IF number - last > 1000 THEN
    PERFORM pg_advisory_xact_lock(hashtext('onemap numbers'), sequence::oid::integer);
    IF number > coalesce(pg_sequence_last_value(sequence), 0) THEN
      PERFORM setval(sequence, number);
    END IF;
    RETURN;
  END IF;
  WHILE nextval(sequence) < number LOOP
  END LOOP;
END $$;

-- What is known of a change that another program makes.
CREATE OR REPLACE FUNCTION onemap_meta.said() RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT concat('edited with ', coalesce(nullif(current_setting('application_name', true), ''), 'another program'))
$$;
