-- Takes the samples of all ways, in one session; variables: rounds, trips, waits, rows, connection.
-- Prints a line `label, way, round, value` a sample.
SET client_min_messages = warning;
SELECT bench.prepare() \g /dev/null
SET work_mem = '256MB'; -- so that the tuplestore of the direct query stays in memory
SET bench.rows = :'rows';
SET bench.connection = :'connection';
SELECT count(dblink_connect('kept', :'connection')) AS connected \gset
INSERT INTO bench.sample SELECT 'first_burst', 'bgjob', 1, bench.burst_bgjob(); -- no worker is there yet

-- SELECT 1 is taken thrice: back to back, in turn with ways that start no process, and in turn with those that do.
CREATE TEMPORARY TABLE plan (part int GENERATED ALWAYS AS IDENTITY, label text, figure text, ways text[], times int);
INSERT INTO plan (label, figure, ways, times) VALUES
    ('trip', 'trip', '{direct,bgjob,dblink_kept}', :trips),
    ('back_to_back', 'trip_and_detach', '{bgjob}', :trips),
    ('back_to_back', 'trip', '{dblink_kept}', :trips),
    ('launch', 'launch', '{bgjob}', :trips),
    ('submit', 'submit', '{bgjob}', :trips),
    ('trip_starting', 'trip', '{bgjob,dblink_kept,dblink_new,pg_background}', :trips),
    ('launch_starting', 'launch', '{bgjob,pg_background}', :trips),
    ('submit_starting', 'submit', '{bgjob,pg_background}', :trips),
    ('rows', 'rows', '{direct,tuplestore,bgjob,dblink_kept,pg_background}', 1),
    ('burst', 'burst', '{bgjob,dblink_new,pg_background}', 1),
    ('lag', 'lag', '{bgjob,dblink_kept,pg_background}', :waits),
    ('lag_commit', 'lag_commit', '{bgjob,dblink_kept,pg_background}', :waits);

-- Warm, not counted.
SELECT format('CALL bench.take(%L, %L, %L, 3, 0)', label, figure, ways) FROM plan WHERE times > 1 ORDER BY part \gexec
DELETE FROM bench.sample WHERE round = 0;

SELECT format('CALL bench.take(%L, %L, %L, %s, %s)', label, figure, ways, times, round)
  FROM plan, generate_series(1, :rounds) round ORDER BY round, part \gexec

SELECT label, way, round, value FROM bench.sample;
