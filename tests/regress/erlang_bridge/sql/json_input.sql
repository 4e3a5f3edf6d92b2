-- What is refused, in both directions, and how it is said.
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
CREATE FUNCTION refused(value jsonb, options jsonb DEFAULT NULL) RETURNS text LANGUAGE sql AS
    $$ SELECT failure(format('SELECT erlang_encode(%L, %L)', value, options)) $$;
CREATE FUNCTION refused(term bytea) RETURNS text LANGUAGE sql AS $$ SELECT failure(format('SELECT erlang_decode(%L)', term)) $$;

-- values of tags
SELECT json, refused(json) FROM (VALUES
    ('{"$atom": 1}'::jsonb), ('{"$atom": null}'), ('{"$atom": ["a"]}'), ('{"$atom": {"a": 1}}'), ('{"$atom": {"$bin": "?"}}'), ('{"$atom": {"$bin": "/w=="}}'),
    ('{"$int": 1}'), ('{"$int": "1"}'), ('{"$int": "0x"}'), ('{"$int": "0xg"}'), ('{"$float": 1}'), ('{"$float": "x"}'), ('{"$float": "1e400"}'), ('{"$float": "NaN"}'),
    ('{"$bin": 1}'), ('{"$bin": "a"}'), ('{"$bin": "YQ"}'), ('{"$bin": "YR=="}'),
    ('{"$bits": "YQ=="}'), ('{"$bits": []}'), ('{"$bits": ["YQ=="]}'), ('{"$bits": ["YQ==", 0]}'), ('{"$bits": ["YQ==", 8]}'), ('{"$bits": ["", 1]}'), ('{"$bits": [1, 1]}'),
    ('{"$str": ["a"]}'), ('{"$cons": [1]}'), ('{"$cons": [[], 1]}'), ('{"$cons": [1, 2]}'), ('{"$cons": [[1], 2, 3]}'),
    ('{"$tuple": {}}'), ('{"$tuple": "x"}'), ('{"$map": {"a": 1}}'), ('{"$map": [1]}'), ('{"$map": [[1]]}'), ('{"$map": [[1, 2, 3]]}'),
    ('{"$map": [[1, 2], [1, 3]]}'), ('{"$map": [["a", 2], ["a", 3]]}'),
    ('{"$pid": 1}'), ('{"$pid": "YQ=="}'), ('{"$pid": "g2EB"}'), ('{"$ref": "?"}'), ('{"$port": {}}'),
    ('{"$fun": "lists"}'), ('{"$fun": "lists:reverse/256"}'), ('{"$fun": "lists:reverse"}'), ('{"$fun": "g2EB"}'),
    ('[1, {"a": [{"$tuple": 1}]}]')) AS bad (json);

-- atoms have at most 255 characters, of whatever size
SELECT refused(jsonb_build_object('$atom', repeat('a', 256))), refused(jsonb_build_object('$atom', repeat('é', 256)));
SELECT length(erlang_encode(jsonb_build_object('$atom', repeat('a', 255)))), length(erlang_encode(jsonb_build_object('$atom', repeat('€', 255))));
SELECT refused(jsonb_build_object(repeat('k', 256), 1), '{"keys": "atoms?"}'), length(erlang_encode(jsonb_build_object(repeat('k', 256), 1)));
-- at most 64 different keys become atoms
SELECT count(*), refused(jsonb_object_agg('k' || i, i), '{"keys": "atoms?"}') FROM generate_series(1, 64) AS i;
SELECT count(*), refused(jsonb_object_agg('k' || i, i), '{"keys": "atoms?"}') FROM generate_series(1, 65) AS i;
SELECT count(*), refused(jsonb_agg(jsonb_build_object('k' || i % 64, i)), '{"keys": "atoms?"}') FROM generate_series(1, 1000) AS i;
SELECT count(*), refused(jsonb_agg(jsonb_build_object('k' || i % 65, i)), '{"keys": "atoms?"}') FROM generate_series(1, 1000) AS i;

-- numbers: integers have no limit but that of jsonb, floats have theirs
SELECT refused('1.5e308'::jsonb), refused(('1' || repeat('0', 400))::jsonb), refused(('1' || repeat('0', 400) || '.5')::jsonb);
SELECT left(number::text, 30), refused(number, '{"numbers": "strict"}') FROM (VALUES
    ('0.1'::jsonb), ('0.10'), ('1.5'), ('123456789012345678'), ('0.1234567890123456789'), ('1e400'), ('1e-400')) AS strict (number);

-- [erl-B8] depth, out and in: 1,000 levels by default
CREATE FUNCTION nested(levels int) RETURNS jsonb LANGUAGE sql AS $$ SELECT (repeat('[', levels) || '1' || repeat(']', levels))::jsonb $$;
CREATE FUNCTION nested_term(levels int) RETURNS bytea LANGUAGE sql AS $$ SELECT decode('83' || repeat('6801', levels) || '6101', 'hex') $$;
SELECT refused(nested(1000)), refused(nested(1001)), refused(nested_term(1000)), refused(nested_term(1001));
SELECT erlang_decode(erlang_encode(nested(1000))) = nested(1000) AS same;
SET erlang_bridge.max_depth = 2;
SELECT json, refused(json) FROM (VALUES
    ('[[1]]'::jsonb), ('[[[]]]'), ('[[[1]]]'), ('[[{}]]'), ('[[{"a": 1}]]'), ('{"a": {"b": 1}}'), ('{"$tuple": [{"$tuple": [1]}]}'), ('{"$tuple": [{"$tuple": [{"$tuple": [1]}]}]}'),
    ('{"$map": [[[1], 1]]}'), ('{"$map": [[[[1]], 1]]}'), ('{"$cons": [[[1]], 2]}'), ('{"$cons": [[[[1]]], 2]}')) AS deep (json);
-- a chain of tails is no depth: it is one list
SELECT length(term), jsonb_array_length(erlang_decode(term))
  FROM erlang_encode((repeat('{"$cons": [[1], ', 500) || '[]' || repeat(']}', 500))::jsonb) AS term;
-- so deep that jsonb itself has enough: an error as any other
SET erlang_bridge.max_depth = 10000;
SELECT refused(nested_term(10000)) AS natural;
SET max_stack_depth = '100kB';
SELECT left(failure(format('SELECT erlang_decode(%L, ''{"form": "exact"}'')', nested_term(10000))), 32) AS exact;
RESET max_stack_depth;
SELECT length(erlang_encode('1'));
RESET erlang_bridge.max_depth;

-- [erl-B8] size, out and in
SET erlang_bridge.max_term_size = '1kB';
SELECT size, refused(to_jsonb(repeat('x', size))), refused('\x836d'::bytea || int4send(size) || repeat('x', size)::bytea)
  FROM unnest('{1018,1019}'::int[]) AS size;
SELECT refused(jsonb_agg(i)) FROM generate_series(1, 1000) AS i;
SELECT refused(to_jsonb(repeat('x', 1100))), refused(('{"$atom": "' || repeat('€', 250) || '"}')::jsonb), refused(('[' || repeat('9', 3000) || ']')::jsonb);
RESET erlang_bridge.max_term_size;
-- no more elements than the server can build an array of
SELECT refused('\x836c01000001'::bytea || repeat('j', 16777217)::bytea || 'j'::bytea);
-- nor more memory than 16 times the limit: an empty list is one byte of a term, and 200 in the making of jsonb
SET erlang_bridge.max_term_size = '1MB';
SELECT refused('\x836c00008000'::bytea || repeat('j', 32768)::bytea || 'j'::bytea) AS fits,
       refused('\x836c00040000'::bytea || repeat('j', 262144)::bytea || 'j'::bytea) AS too_large;
RESET erlang_bridge.max_term_size;

-- a conversion that takes long can be cancelled
CREATE TABLE long_number AS SELECT repeat('7', 131072)::numeric AS number;
CREATE TABLE long AS SELECT jsonb_agg(number) AS json, decode('836c00000080' || repeat('6f0000d40000' || repeat('77', 54272), 128) || '6a', 'hex') AS term
  FROM long_number, generate_series(1, 128);
SELECT clock_timestamp() AS start \gset
SET statement_timeout = '100ms';
SELECT erlang_encode(json) FROM long;
SELECT erlang_decode(term) FROM long;
RESET statement_timeout;
SELECT clock_timestamp() - :'start'::timestamptz < '10s' AS soon;

-- who sets the limits, and to what
SELECT name, setting, unit, min_val, max_val, context FROM pg_settings WHERE name LIKE 'erlang\_bridge.max\_%' AND name ~ 'max_(depth|term_size)' ORDER BY name;
SELECT split_part(failure(command), ' (', 1) FROM (VALUES
    ('SET erlang_bridge.max_depth = 0'), ('SET erlang_bridge.max_depth = 10001'), ('SET erlang_bridge.max_term_size = ''1GB''')) AS bad (command);
SET erlang_bridge.max_term_size = '1023MB';
RESET erlang_bridge.max_term_size;
CREATE ROLE somebody;
SET ROLE somebody;
SET erlang_bridge.max_depth = 10;
SET erlang_bridge.max_term_size = 10;
SELECT erlang_encode('1');
SELECT erlang_decode('\x836101');
RESET ROLE;

-- [erl-B4] bytes that are no term are a protocol error, and so are atoms that are no text
SELECT refused(term) FROM (VALUES
    ('\x'::bytea), ('\x83'), ('\x82'), ('\x6101'), ('\x8361'), ('\x836101ff'), ('\x83ff'),
    ('\x837701ff'), ('\x837702c080'), ('\x837703eda080'), ('\x837603ffff'), ('\x836d7fffffff61'), ('\x836c7fffffff616a'), ('\x8374ffffffff'), ('\x8369ffffffff'),
    ('\x83467ff0000000000000'), ('\x83467ff8000000000000'), ('\x834d000000010961'), ('\x836e0102ff'), ('\x835000000001789c')) AS bad (term);
-- also within
SELECT refused('\x836801'::bytea || '\x7701ff');

-- terms are UTF-8
CREATE DATABASE latin1 ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0;
\c latin1
CREATE EXTENSION erlang_bridge;
SELECT erlang_encode('1');
SELECT erlang_decode('\x836101');
\c postgres
DROP DATABASE latin1;
