-- What a job says of itself while it runs.
CREATE EXTENSION bgjob;
\set SHOW_CONTEXT never

SELECT pg_advisory_lock(1);
SELECT * FROM bgjob.launch($$ SELECT bgjob.report_progress(40, 'less than half'); SELECT pg_advisory_xact_lock(1);
    SELECT bgjob.report_progress(80) $$) \gset
DO $$ BEGIN WHILE NOT EXISTS (SELECT 1 FROM bgjob.launched WHERE percent = 40) LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;
SELECT percent, message, reported_at BETWEEN now() - interval '1 min' AND clock_timestamp() AS lately FROM bgjob.progress(:id, :cookie);
SELECT percent, progress_message FROM bgjob.launched WHERE id = :id;
SELECT pg_advisory_unlock(1);
SELECT bgjob.wait(:id, :cookie);
-- the last report stays, without the message of the one before
SELECT percent, message FROM bgjob.progress(:id, :cookie);

-- clamped
SELECT * FROM bgjob.launch('SELECT bgjob.report_progress(-5)') \gset
SELECT bgjob.wait(:id, :cookie);
SELECT percent FROM bgjob.progress(:id, :cookie);
SELECT * FROM bgjob.launch('SELECT bgjob.report_progress(2147483647, repeat(''ä'', 200))') \gset
SELECT bgjob.wait(:id, :cookie);
SELECT percent, octet_length(message), message = repeat('ä', 127) AS whole_characters FROM bgjob.progress(:id, :cookie);
SELECT octet_length(progress_message) FROM bgjob.launched WHERE id = :id;

-- none yet, none for the next job of the worker
SELECT * FROM bgjob.launch('SELECT 1') \gset
SELECT bgjob.wait(:id, :cookie);
SELECT bgjob.progress(:id, :cookie) IS NULL AS none;
SELECT percent IS NULL AND progress_message IS NULL AS none FROM bgjob.launched WHERE id = :id;

-- it survives the transaction that fails
SELECT * FROM bgjob.launch('SELECT bgjob.report_progress(99, ''almost''); SELECT 1/0') \gset
SELECT bgjob.wait(:id, :cookie);
SELECT percent, message FROM bgjob.progress(:id, :cookie);

-- outside a job there is nothing to report to
SELECT bgjob.report_progress(1);
SELECT * FROM bgjob.launch('SELECT bgjob.report_progress(NULL)') \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (x text);
