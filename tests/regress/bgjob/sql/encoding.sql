-- Texts travel in the server's encoding, whatever the encodings of the clients.
CREATE EXTENSION bgjob;
\set SHOW_CONTEXT never

-- [pgbg-d10] a euro sign does not pass through LATIN1 on its way
SET client_encoding = 'LATIN1';
SELECT * FROM bgjob.launch('SELECT chr(8364), chr(228)') \gset
SELECT ascii(euro), ascii(umlaut) FROM bgjob.result(:id, :cookie) AS (euro text, umlaut text);
SELECT ascii(j ->> 'chr') FROM bgjob.result_json(:id, :cookie) j;
-- a change of encoding between launch and result changes nothing
RESET client_encoding;
SELECT * FROM bgjob.result(:id, :cookie) AS (euro text, umlaut text);
SET client_encoding = 'SQL_ASCII';
SELECT * FROM bgjob.launch('SELECT chr(8364)') \gset
SET client_encoding = 'LATIN1';
SELECT ascii(euro) FROM bgjob.result(:id, :cookie) AS (euro text);
RESET client_encoding;

-- SQL, labels, errors, notices and progress too
SET client_encoding = 'LATIN1';
SELECT * FROM bgjob.launch(convert_from('\x53454c45435420e282ac', 'UTF8'), label => chr(8364)) \gset
SELECT bgjob.wait(:id, :cookie);
RESET client_encoding;
SELECT label, sql_preview, last_error FROM bgjob.launched WHERE id = :id;
SELECT message FROM bgjob.outcome(:id, :cookie);
SET client_encoding = 'LATIN1';
SELECT * FROM bgjob.launch('DO $$ BEGIN RAISE NOTICE ''%'', chr(8364); PERFORM bgjob.report_progress(1, chr(8364)); END $$') \gset
SELECT bgjob.wait(:id, :cookie);
RESET client_encoding;
SELECT * FROM bgjob.result(:id, :cookie) AS (tag text);
SELECT message FROM bgjob.progress(:id, :cookie);

-- a job may set its own
SELECT * FROM bgjob.launch('SET client_encoding = ''LATIN1''; SELECT chr(8364)') \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (euro text);
SELECT * FROM bgjob.launch('DO $$ BEGIN SET client_encoding = ''LATIN1''; RAISE NOTICE ''ä''; RAISE EXCEPTION ''ö''; END $$') \gset
SELECT * FROM bgjob.result(:id, :cookie) AS (tag text);
SHOW client_encoding;
