-- What CREATE EXTENSION makes, and what DROP EXTENSION leaves.
CREATE EXTENSION walrus;

-- [walrus-40] all this reads the same on every version
-- [walrus-39] control file, extension and module are of one version
SELECT default_version, installed_version, (SELECT extversion FROM pg_extension WHERE extname = 'walrus') AS extversion
  FROM pg_available_extensions WHERE name = 'walrus';
SELECT superuser, trusted, relocatable, schema, requires FROM pg_available_extension_versions WHERE name = 'walrus';
-- the module tells its version from 18 on
SELECT CASE WHEN current_setting('server_version_num')::int >= 180000 THEN $$SELECT version FROM pg_get_loaded_modules() WHERE module_name = 'walrus'$$
    ELSE $$SELECT extversion AS version FROM pg_extension WHERE extname = 'walrus'$$ END AS module_version \gset
:module_version;

-- [walrus-37] all is in the schema walrus
CREATE VIEW members AS
    SELECT i.type, i.schema, i.identity, d.classid, d.objid FROM pg_depend d, pg_identify_object(d.classid, d.objid, 0) i
     WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
       AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'walrus');
SELECT type, identity FROM members WHERE type IN ('table', 'view', 'sequence', 'function') ORDER BY 1, 2;
SELECT * FROM members WHERE schema IS DISTINCT FROM 'walrus';

-- what the functions promise
SELECT p.oid::regprocedure, l.lanname AS language, p.provolatile AS volatility, p.proisstrict AS strict, p.proparallel AS parallel,
    p.prosecdef AS definer, p.proconfig AS settings, p.proretset AS set
  FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.pronamespace = 'walrus'::regnamespace
 ORDER BY p.proname COLLATE "C";
-- whose rights a definer's function has
SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'walrus'::regnamespace AND p.prosecdef
   AND p.proowner <> (SELECT extowner FROM pg_extension WHERE extname = 'walrus');
-- all is commented
SELECT m.identity FROM members m WHERE m.type IN ('table', 'view', 'function') AND obj_description(m.objid, m.classid::regclass::name) IS NULL;
SELECT a.attrelid::regclass, a.attname FROM pg_attribute a JOIN members m ON m.objid = a.attrelid AND m.type IN ('table', 'view')
 WHERE a.attnum > 0 AND col_description(a.attrelid, a.attnum) IS NULL;

-- the history has the shape it has in pg_walrus
SELECT a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull, pg_get_expr(d.adbin, d.adrelid) AS default
  FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE a.attrelid = 'walrus.history'::regclass AND a.attnum > 0 ORDER BY a.attnum;
SELECT conname, contype, pg_get_constraintdef(oid) FROM pg_constraint
 WHERE conrelid = 'walrus.history'::regclass AND contype IN ('c', 'p') ORDER BY conname COLLATE "C";
SELECT indexrelid::regclass, pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'walrus.history'::regclass ORDER BY 1::text;

-- the list of actions is closed, and each has its bounds
\set VERBOSITY terse
INSERT INTO walrus.history (action, old_size_mb, new_size_mb, forced_checkpoints, checkpoint_timeout_sec)
    SELECT a, 1024, 2048, 0, 300 FROM unnest('{increase,decrease,capped,dry_run,skipped,external,failed,ignored,restored,reset}'::text[]) a;
INSERT INTO walrus.history (action, old_size_mb, new_size_mb, forced_checkpoints, checkpoint_timeout_sec) VALUES ('other', 1, 1, 0, 1);
INSERT INTO walrus.history (action, old_size_mb, new_size_mb, forced_checkpoints, checkpoint_timeout_sec) VALUES ('increase', 0, 1, 0, 1);
INSERT INTO walrus.history (action, old_size_mb, new_size_mb, forced_checkpoints, checkpoint_timeout_sec) VALUES ('increase', 1, 0, 0, 1);
INSERT INTO walrus.history (action, old_size_mb, new_size_mb, forced_checkpoints, checkpoint_timeout_sec) VALUES ('increase', 1, 1, -1, 1);
INSERT INTO walrus.history (action, old_size_mb, new_size_mb, forced_checkpoints, checkpoint_timeout_sec) VALUES ('increase', 1, 1, 0, 0);
\set VERBOSITY default

-- pg_dump keeps its rows and its sequence, and nothing else of the extension
SELECT extconfig::regclass[], extcondition FROM pg_extension WHERE extname = 'walrus';
TRUNCATE walrus.history RESTART IDENTITY;
INSERT INTO walrus.history ("timestamp", action, old_size_mb, new_size_mb, forced_checkpoints, checkpoint_timeout_sec, reason)
    VALUES ('2026-01-02 03:04:05+00', 'increase', 1024, 2048, 3, 300, 'kept');
\! pg_dump postgres | grep -E '^(CREATE|ALTER|GRANT|REVOKE|COPY|SELECT|1).*(walrus|kept)' | sed 's/2026-01-0[0-9 :+-]*/TIME /'

-- it cannot be moved, nor made twice
ALTER EXTENSION walrus SET SCHEMA public;
CREATE EXTENSION walrus;

-- [walrus-37] nothing is left
DROP VIEW members;
DROP EXTENSION walrus;
SELECT count(*) FROM pg_class WHERE relnamespace = 'walrus'::regnamespace;
SELECT count(*) FROM pg_proc WHERE pronamespace = 'walrus'::regnamespace;
SELECT count(*) FROM pg_type WHERE typnamespace = 'walrus'::regnamespace;
-- the worker goes on, and the extension can come again
SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'pg_walrus';
CREATE EXTENSION walrus;
SELECT count(*) FROM walrus.history;
DROP EXTENSION walrus;
