-- The options of conversions: what each does, and what is no option.
CREATE EXTENSION erlang_bridge;
\set SHOW_CONTEXT never
\pset format unaligned
CREATE FUNCTION failure(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text;
    detail text;
    hint text;
BEGIN
    EXECUTE query;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(E'\n  ', SQLSTATE || ' ' || message, nullif(detail, ''), nullif(hint, ''));
END
$$;

-- form
SELECT erlang_decode(term), erlang_decode(term, '{"form": "natural"}'), erlang_decode(term, '{"form": "exact"}')
  FROM erlang_encode('[{"$atom": "ok"}, {"$tuple": [1]}, {"$map": [[{"$atom": "k"}, null]]}]') AS term;
-- keys
SELECT erlang_encode('{"a": {"b": 1}}', '{"keys": "binaries"}'), erlang_encode('{"a": {"b": 1}}', '{"keys": "atoms?"}');
-- strings; in exact form a list of characters stays a list
SELECT erlang_encode('["aé", ""]', '{"strings": "binary"}'), erlang_encode('["aé", ""]', '{"strings": "charlist"}'),
       erlang_decode('\x836b0003616263', '{"strings": "charlist"}'), erlang_decode('\x836b0003616200', '{"strings": "charlist"}'),
       erlang_decode('\x836b0003616263', '{"strings": "charlist", "form": "exact"}');
-- keys of objects are no strings
SELECT erlang_encode('{"a": "b"}', '{"strings": "charlist"}');
-- numbers
SELECT erlang_encode('0.1', '{"numbers": "strict"}') = erlang_encode('0.1', '{"numbers": "float"}') AS same;
SELECT erlang_decode(erlang_encode('0.12345678901234567890'));
SELECT failure($$SELECT erlang_encode('0.12345678901234567890', '{"numbers": "strict"}')$$);
SELECT failure($$SELECT erlang_encode('[1e-400]', '{"numbers": "strict"}')$$);
-- null
SELECT erlang_encode('null', jsonb_build_object('null', atom)) FROM unnest('{"null",nil,undefined}'::text[]) AS atom;
-- several at once, and none
SELECT erlang_encode('{"a": [null, "b"]}', '{"null": "nil", "keys": "atoms?", "strings": "charlist", "numbers": "strict", "form": "exact"}');
SELECT erlang_encode('"a"', '{}'), erlang_encode('"a"', NULL);

-- what is no option
SELECT options, failure(format('SELECT erlang_encode(''1'', %L)', options)) FROM (VALUES
    ('[]'::jsonb), ('"form"'), ('null'), ('{"forms": "exact"}'), ('{"": 1}'), ('{"Form": "exact"}'),
    ('{"form": "Exact"}'), ('{"form": ""}'), ('{"form": null}'), ('{"form": 1}'), ('{"form": ["exact"]}'),
    ('{"keys": "atoms"}'), ('{"strings": true}'), ('{"strings": "string"}'), ('{"numbers": "decimal"}'), ('{"null": null}'), ('{"null": "none"}'),
    ('{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6, "g": 7, "h": 8, "i": 9, "j": 10}'),
    ('{"form": "exact", "keys": "binaries", "null": "nil", "numbers": "float", "strings": "binary", "zzzzzzzz": 1}')) AS bad (options);
-- those of calls have no effect here
SELECT failure($$SELECT erlang_encode('1', '{"idempotent": true}')$$), failure($$SELECT erlang_decode('\x836101', '{"on_error": "null"}')$$);
-- also without a value
SELECT failure($$SELECT erlang_encode(NULL, '{"x": 1}')$$), failure($$SELECT erlang_decode(NULL, '{"x": 1}')$$);
