-- [erl-E6] Errors cross the border in both directions and lose nothing.
CREATE EXTENSION selftest;
SET search_path = selftest;

-- each kind of exception as SQL sees it
\set VERBOSITY default
SELECT fail('division');
SELECT fail('full');
SELECT fail('error');
\set VERBOSITY sqlstate
SELECT fail('division');
SELECT fail('full');
SELECT fail('error');
SELECT fail('bare');
SELECT fail('bad_alloc');
SELECT fail('runtime_error');
SELECT fail('int');
SELECT fail('json');
SELECT fail('length');
\set VERBOSITY default
SELECT fail('bare');
SELECT fail('bad_alloc');
SELECT fail('runtime_error');
SELECT fail('int');
SELECT fail('json');

-- bytes that are not valid in the server's encoding are replaced, valid ones are not
SELECT fail('foreign');
SELECT fail('foreign detail');

-- every field survives the way through C++ to PL/pgSQL
DO $$
DECLARE
    state text; message text; detail text; hint text; context text; schema_name text;
    table_name text; column_name text; type_name text; constraint_name text;
BEGIN
    PERFORM selftest.fail('full');
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
        detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT,
        schema_name = SCHEMA_NAME, table_name = TABLE_NAME, column_name = COLUMN_NAME,
        type_name = PG_DATATYPE_NAME, constraint_name = CONSTRAINT_NAME;
    RAISE NOTICE '% | % | % | % | % | % | % | % | %', state, message, detail, hint, schema_name,
        table_name, column_name, type_name, constraint_name;
    RAISE NOTICE '%', context;
END $$;

-- our own errors get the context of those who called
DO $$ BEGIN PERFORM selftest.fail('error'); END $$;

-- what C++ sees of an error, place included
\x on
SELECT * FROM describe('full');
SELECT * FROM describe('division');
SELECT * FROM describe('error');
SELECT * FROM describe('bad_alloc');
\x off
SELECT message, detail, hint FROM describe('foreign detail');

-- an error must not be swallowed, unless its subtransaction was rolled back
SELECT swallow(true, 'select 1 / 0');
SELECT swallow(false, 'select 1 / 0');
SELECT swallow(true, 'select 1');
SELECT swallow(false, 'select 1');
SELECT swallow(true, 'select selftest.fail(''error'')');
SELECT swallow(true, 'select selftest.swallow(false, ''select 1 / 0'')');
SELECT swallow(true, 'select selftest.swallow(true, ''select 1 / 0'')');

-- C++ -> server -> C++ -> server -> C++
SELECT callback();

-- a failing destructor warns, and neither hides the first error nor taints
SELECT failing_cleanup('');
SELECT failing_cleanup('runtime_error');
SELECT failing_cleanup('division');
SELECT callback_in_cleanup('division');
SELECT cancel_in_cleanup();

-- log_server_error sends nothing here
SELECT log('full', 1);
SELECT log('error', 1);

-- all destructors ran; the server's globals are as they were
SELECT * FROM state();

-- settings
SHOW selftest.naptime;
SHOW selftest.ratio;
SHOW selftest.label;
SET selftest.flag = on;
SHOW selftest.flag;
SET selftest.ratio = 2;
SET selftest.label = 'wrong';
SET selftest.label = 'right';
SHOW selftest.label;
SET selftest.unknown = 1;
SET selftest.fail_init = 'sometimes';

DROP EXTENSION selftest;
