-- History ------------------------------------------------------------------------------------

-- Jobs that have succeeded or were cancelled, in a partition for each day of UTC, which the
-- dispatcher makes and drops (pg/durable/history_upkeep.cpp). Partitions have their own index and
-- not a part of one of this table: so pg_dump can give them back.
CREATE TABLE bgjob.job_run (
    id bigint NOT NULL,
    queue integer NOT NULL,
    priority smallint NOT NULL,
    state smallint NOT NULL,
    kind smallint NOT NULL,
    attempt integer NOT NULL,
    role regrole NOT NULL,
    due_at timestamptz NOT NULL,
    enqueued_at timestamptz NOT NULL,
    began_at timestamptz,
    ended_at timestamptz NOT NULL,
    parent bigint,
    sqlstate text,
    message text,
    status text,
    key text,
    command text NOT NULL,
    args jsonb,
    result jsonb
) PARTITION BY RANGE (ended_at);
COMMENT ON TABLE bgjob.job_run IS 'private: durable jobs that have succeeded or were cancelled';

-- What ends before its day has a partition.
CREATE TABLE bgjob.job_run_default PARTITION OF bgjob.job_run DEFAULT USING heap;
CREATE INDEX job_run_default_id ON bgjob.job_run_default (id);
COMMENT ON TABLE bgjob.job_run_default IS 'private: part of the history';

-- Jobs that failed for good, with all that bgjob.retry() needs. Their due_at is when that was.
CREATE TABLE bgjob.job_dead (LIKE bgjob.job) USING heap;
CREATE UNIQUE INDEX job_dead_pkey ON bgjob.job_dead (id);
COMMENT ON TABLE bgjob.job_dead IS 'private: durable jobs that failed for good';

-- Only its owner writes a private table, whoever may write all tables. (Row security would do that, too,
-- but keep those who may read all tables from dumping the database.)
CREATE FUNCTION bgjob.refuse_others() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT pg_has_role((SELECT c.relowner FROM pg_class c WHERE c.oid = TG_RELID), 'USAGE') THEN
        RAISE insufficient_privilege USING MESSAGE = format('permission denied for table %s', TG_TABLE_NAME),
            DETAIL = 'Only its owner may write a private table of bgjob.';
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION bgjob.refuse_others() IS 'behind the tables: private';

CREATE FUNCTION bgjob.keep_private(private regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER refuse_others BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION bgjob.refuse_others()', private);
END $$;
COMMENT ON FUNCTION bgjob.keep_private(regclass) IS 'behind the tables: private';

-- Where a publication is for all tables, the server lets rows be changed only in tables whose rows have an
-- identity: the first unique index is one, if there is any.
CREATE FUNCTION bgjob.identify_rows(private regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s REPLICA IDENTITY %s', private, coalesce(
        (SELECT format('USING INDEX %I', c.relname) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
          WHERE i.indrelid = private AND i.indisunique ORDER BY c.oid LIMIT 1), 'FULL'));
END $$;
COMMENT ON FUNCTION bgjob.identify_rows(regclass) IS 'behind the tables: private';

-- Made aside and then attached: that lets others go on reading and writing the history.
CREATE FUNCTION bgjob.make_partition(name text, lower_bound text, upper_bound text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('CREATE TABLE bgjob.%I (LIKE bgjob.job_run) USING heap', name);
    EXECUTE format('REVOKE ALL ON bgjob.%I FROM PUBLIC', name);
    PERFORM bgjob.keep_private(format('bgjob.%I', name)::regclass);
    PERFORM bgjob.identify_rows(format('bgjob.%I', name)::regclass);
    LOCK TABLE bgjob.job_run_default IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('WITH moved AS (DELETE FROM bgjob.job_run_default'
                   ' WHERE ended_at >= %L AND ended_at < %L RETURNING *)'
                   ' INSERT INTO bgjob.%I SELECT * FROM moved', lower_bound, upper_bound, name);
    EXECUTE format('CREATE INDEX %I ON bgjob.%I (id)', name || '_id', name);
    EXECUTE format('ALTER TABLE bgjob.job_run ATTACH PARTITION bgjob.%I FOR VALUES FROM (%L) TO (%L)',
                   name, lower_bound, upper_bound);
END $$;
COMMENT ON FUNCTION bgjob.make_partition(text, text, text) IS 'behind the history: private: of the dispatcher, for a day of the history';

CREATE FUNCTION bgjob.drop_partition(name text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('DROP TABLE bgjob.%I', name);
END $$;
COMMENT ON FUNCTION bgjob.drop_partition(text) IS 'behind the history: private: of the dispatcher, for a day of the history';

CREATE FUNCTION bgjob.prune(older_than interval DEFAULT NULL, queue text DEFAULT NULL) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_prune';
COMMENT ON FUNCTION bgjob.prune(interval, text) IS
    'forget jobs that have ended, their steps and keys: those of the queue, or all that the caller may see; how many';

SELECT pg_catalog.pg_extension_config_dump('bgjob.job_run_default', '');
SELECT pg_catalog.pg_extension_config_dump('bgjob.job_dead', '');

