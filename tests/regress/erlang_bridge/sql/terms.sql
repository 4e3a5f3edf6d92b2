-- Terms and jsonb: each kind of term in both forms, and what comes back.
CREATE EXTENSION erlang_bridge;
\set SHOW_CONTEXT never
\pset format unaligned

-- [erl-B4] [erl-B5] what OTP wrote, but for the pids and their like, whose node is made up. The last
-- column is empty where the exact form gives the same bytes.
CREATE TABLE sample (id int GENERATED ALWAYS AS IDENTITY, what text, term bytea);
INSERT INTO sample (what, term) VALUES
    ('true', '\x83770474727565'),
    ('false', '\x83770566616c7365'),
    ('null', '\x8377046e756c6c'),
    ('undefined', '\x837709756e646566696e6564'),
    ('nil', '\x8377036e696c'),
    ('atom', '\x8377026f6b'),
    ('atom of more than ASCII', '\x8377076772c3b6c39f65'),
    ('empty atom', '\x837700'),
    ('atom with a zero character', '\x837703610062'),
    ('0', '\x836100'),
    ('255', '\x8361ff'),
    ('256', '\x836200000100'),
    ('-1', '\x8362ffffffff'),
    ('-2^31', '\x836280000000'),
    ('2^31', '\x836e040000000080'),
    ('-2^31-1', '\x836e040101000080'),
    ('2^63-1', '\x836e0800ffffffffffffff7f'),
    ('2^63', '\x836e08000000000000000080'),
    ('-2^63', '\x836e08010000000000000080'),
    ('-2^63-1', '\x836e08010100000000000080'),
    ('2^64-1', '\x836e0800ffffffffffffffff'),
    ('2^64', '\x836e0900000000000000000001'),
    ('-2^64', '\x836e0901000000000000000001'),
    ('float', '\x83463ff8000000000000'),
    ('float without fraction', '\x83463ff0000000000000'),
    ('0.0', '\x83460000000000000000'),
    ('-0.0', '\x83468000000000000000'),
    ('large float', '\x83464480f0cf064dd592'),
    ('small float', '\x83463e7ad7f29abcaf48'),
    ('0.1', '\x83463fb999999999999a'),
    ('binary', '\x836d0000000474657874'),
    ('empty binary', '\x836d00000000'),
    ('UTF-8 binary', '\x836d000000096772c3bc6e20e282ac'),
    ('binary with a zero byte', '\x836d00000003610062'),
    ('Latin-1 binary', '\x836d000000046772fc6e'),
    ('surrogate', '\x836d00000003eda080'),
    ('bit string', '\x834d0000000103a0'),
    ('bit string of more bytes', '\x834d0000000201ff80'),
    ('empty list', '\x836a'),
    ('list', '\x836c0000000361016d00000001616a6a'),
    ('list as string', '\x836b00030102ff'),
    ('charlist', '\x836b0003616263'),
    ('charlist beyond Latin-1', '\x836c00000002616162000020ac6a'),
    ('improper list', '\x836c00000001770161770162'),
    ('improper list of lists', '\x836c000000016b0001016102'),
    ('tuple', '\x83680277026f6b6101'),
    ('empty tuple', '\x836800'),
    ('map, binary keys', '\x8374000000026d000000016161016d00000001626b000102'),
    ('map, atom keys', '\x8374000000017701616101'),
    ('empty map', '\x837400000000'),
    ('map, other keys', '\x83740000000161016102'),
    ('map, clashing keys', '\x83740000000277016161016d00000001616102'),
    ('map like a tag', '\x8374000000016d000000052461746f6d6d0000000178'),
    ('map like an escaped tag', '\x8374000000016d00000006242461746f6d6101'),
    ('map with an unknown $ key', '\x8374000000016d0000000224786101'),
    ('map with two $ keys', '\x8374000000026d000000052461746f6d61016d0000000224786102'),
    ('map like a shown pid', '\x8374000000026d00000004247069646d00000001786d0000000473686f776101'),
    ('export', '\x837177056c697374737707726576657273656101'),
    ('export with a colon in its name', '\x83717703613a627701636102'),
    ('pid', '\x83587703614062000000090000000161626364'),
    ('port', '\x835977036140620000000500000007'),
    ('port of 64 bits', '\x83787703614062000000050000000700000007'),
    ('reference of 3 words', '\x835a0003770361406200000007000000010000000200000003'),
    ('reference of 5 words', '\x835a00057703614062000000070000000100000002000000030000000400000005'),
    ('fun', '\x83700000003b0100112233445566778899aabbccddeeff000000020000000177016d61026201020304587703614062000000090000000161626364612a');
SELECT what, erlang_decode(term) AS natural, nullif(exact, erlang_decode(term)) AS exact,
       nullif(erlang_encode(exact), term) AS bytes
  FROM sample, erlang_decode(term, '{"form": "exact"}') AS exact ORDER BY id;
-- other bytes, the same term
SELECT what FROM sample, erlang_decode(term, '{"form": "exact"}') AS exact
 WHERE erlang_decode(erlang_encode(exact), '{"form": "exact"}') <> exact;
-- [erl-B5] the natural form of what names something is an argument again; "show" is not needed and
-- may come first, as jsonb sorts keys by their length
SELECT what, erlang_encode(erlang_decode(term)) = term AS natural,
       erlang_encode(erlang_decode(term) - 'show') = term AS bare
  FROM sample WHERE what ~ '^(pid|port|ref|fun|export|bit)' ORDER BY id;

-- old forms, which peers still send
SELECT what, erlang_decode(term) FROM (VALUES
    ('Latin-1 atom', '\x8364000167'::bytea),
    ('Latin-1 atom beyond ASCII', '\x8364000467f6df65'),
    ('small Latin-1 atom', '\x837302fc6e'),
    ('float as text', '\x8363312e3530303030303030303030303030303030303030653030000000000000'),
    ('old pid', '\x83677703614062000000090000000102'),
    ('old port', '\x836677036140620000000502'),
    ('old reference', '\x836577036140620000000502'),
    ('reference with a byte for the creation', '\x837200027703614062020000000500000006'),
    ('list chained by its tail', '\x836c0000000161016b00020203')) AS old (what, term);

-- JSON that is no value of its own, on its way in
SELECT json, erlang_encode(json) FROM (VALUES
    ('{"$atom": "ok"}'::jsonb), ('{"$atom": {"$bin": "YQBi"}}'), ('{"$int": "0xff"}'), ('{"$int": "-0x1F"}'),
    ('{"$int": "0x10000000000000000"}'), ('{"$float": "-0.0"}'), ('{"$float": "1"}'), ('{"$bin": "AP8="}'),
    ('{"$bin": ""}'), ('{"$bits": ["/w==", 1]}'), ('{"$str": "aé"}'), ('{"$str": ""}'),
    ('{"$cons": [[1], 2]}'), ('{"$cons": [[1], [2]]}'), ('{"$tuple": []}'), ('{"$tuple": [{"$atom": "ok"}, 1]}'),
    ('{"$map": []}'), ('{"$map": [[1, 2], [{"$atom": "a"}, [3]]]}'), ('{"$fun": "lists:reverse/1"}'),
    ('1e3'), ('1.50'), ('100e-2'), ('null'), ('true'), ('""'), ('[]'), ('{}')) AS input (json);

-- [erl-B6] user data is not mistaken for a tag, on no way
SELECT json, erlang_encode(json), erlang_decode(erlang_encode(json)) AS back FROM (VALUES
    ('"$atom"'::jsonb), ('["$atom", "x"]'), ('{"$x": 1}'), ('{"$": 1}'), ('{"$atoms": "x"}'),
    ('{"$atom": "x", "y": 1}'), ('{"a": {"$tuple": 1, "b": 2}}'), ('{"show": "x"}'), ('{"show": "x", "$x": "y"}'),
    ('{"$$atom": "x"}'), ('{"$$$atom": "x"}'), ('{"$$x": "x"}'), ('{"$$atom": "x", "y": 1}'),
    ('{"$map": [["$atom", "x"]]}'), ('{"$map": [["$pid", "x"], ["show", "y"]]}'),
    ('{"$pid": 1, "show": "y"}')) AS input (json);
-- the escape is right in whatever is around it and whatever is in it
SELECT erlang_decode(erlang_encode(json)) = json AS same FROM (VALUES
    ('[{"$map": [["$bin", [{"$map": [["$$map", {"$map": [["$map", {"a": null}]]}]]}]]]}]'::jsonb)) AS input (json);

-- [erl-B2] JSON comes back as it was, in both forms
CREATE FUNCTION random_text() RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(string_agg((ARRAY['a', 'B', '$', '$atom', ' ', '"', E'\\', '/', E'\n', E'\t', E'\x7f', 'é', '€', '😀', '0'])
                               [1 + floor(15 * random())::int], ''), '')
      FROM generate_series(1, floor(6 * random())::int)
$$;
-- as floats write them, or integers
CREATE FUNCTION random_number() RETURNS numeric LANGUAGE sql VOLATILE AS $$
    SELECT CASE floor(4 * random())::int
           WHEN 0 THEN floor(300 * random())::numeric - 20
           WHEN 1 THEN (CASE WHEN random() < 0.5 THEN '-7' ELSE '7' END ||
                        substr(repeat(floor(1e15 * random())::numeric::text, 4), 1, floor(50 * random())::int))::numeric
           WHEN 2 THEN round((random() * 1000)::numeric, 3) + 0.0005
           ELSE (random() * 10 ^ (floor(15 * random()) - 10))::text::numeric END
$$;
CREATE FUNCTION random_key() RETURNS text LANGUAGE sql VOLATILE AS $sql$
    SELECT CASE WHEN random() < 0.6 THEN random_text() ELSE
           (ARRAY['$atom', '$map', '$pid', '$ref', '$tuple', '$$atom', '$$$map', '$x', 'show'])[1 + floor(9 * random())::int] END
$sql$;
-- What would be a tag or an escape is written as the pairs of a map.
CREATE FUNCTION no_tag(made jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $sql$
    SELECT CASE WHEN (count(*) = 1 AND made ?| '{$atom,$map,$pid,$ref,$tuple,$$atom}') OR
                     (count(*) = 2 AND made ?| '{$pid,$ref}' AND made ? 'show')
                THEN jsonb_build_object('$map', jsonb_agg(jsonb_build_array(key, value))) ELSE made END
      FROM jsonb_each(made)
$sql$;
CREATE FUNCTION random_json(depth int) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    kind int := floor((CASE WHEN depth > 0 THEN 9 ELSE 5 END) * random());
    made jsonb := CASE WHEN kind < 7 THEN '[]' ELSE '{}' END;
BEGIN
    IF kind < 5 THEN
        RETURN CASE kind WHEN 0 THEN 'null'::jsonb WHEN 1 THEN to_jsonb(random() < 0.5)
                         WHEN 2 THEN to_jsonb(random_number()) ELSE to_jsonb(random_text()) END;
    END IF;
    FOR i IN 1..floor(5 * random())::int LOOP
        made := made || CASE WHEN kind < 7 THEN jsonb_build_array(random_json(depth - 1))
                             ELSE jsonb_build_object(random_key(), random_json(depth - 1)) END;
    END LOOP;
    RETURN CASE WHEN kind < 7 THEN made ELSE no_tag(made) END;
END
$$;
SELECT setseed(0.25);
CREATE TABLE document AS SELECT random_json(4) AS json FROM generate_series(1, 10000);
-- there is something of everything
SELECT max(length(json::text)) > 500 AS large, count(*) FILTER (WHERE json::text LIKE '%"$map": [["$%') > 100 AS escaped,
       count(*) FILTER (WHERE json::text LIKE '%"show":%') > 100 AS shown, count(DISTINCT json) > 3000 AS different FROM document;
SELECT count(*) AS documents, count(*) FILTER (WHERE plain = json AND plain::text = json::text) AS natural,
       count(*) FILTER (WHERE exact = json AND exact::text = json::text) AS exact
  FROM document, erlang_encode(json) AS term, erlang_decode(term) AS plain, erlang_decode(term, '{"form": "exact"}') AS exact;
SELECT json, erlang_decode(erlang_encode(json)) FROM document WHERE erlang_decode(erlang_encode(json))::text <> json::text LIMIT 3;

-- [erl-B3] integers of 1 to 100,000 digits; the bytes mean what they should
CREATE FUNCTION value_of(term bytea) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
    at int := CASE get_byte(term, 1) WHEN 110 THEN 4 WHEN 111 THEN 7 END;
    value numeric := 0;
BEGIN
    FOR i IN REVERSE length(term) - 1 .. at LOOP value := value * 256 + get_byte(term, i); END LOOP;
    RETURN CASE get_byte(term, at - 1) WHEN 1 THEN -value ELSE value END;
END
$$;
SELECT count(*), count(*) FILTER (WHERE value_of(erlang_encode(number::text::jsonb)) = number) AS written,
       count(*) FILTER (WHERE erlang_decode(erlang_encode(number::text::jsonb))::text = number::text) AS read
  FROM generate_series(20, 800, 7) AS digits, unnest(ARRAY[1, -1]) AS sign,
       LATERAL (SELECT sign * substr(repeat('9081726354', 80), 1, digits)::numeric AS number) AS made;
SELECT digits, erlang_decode(erlang_encode(number::jsonb))::text = number AS same, length(erlang_encode(number::jsonb)) AS bytes
  FROM unnest('{1,2,3,9,10,17,18,19,20,21,100,610,620,1000,10000,99999,100000,131072}'::int[]) AS digits, unnest('{"",-}'::text[]) AS sign,
       LATERAL (SELECT sign || substr(repeat('9081726354', 13108), 1, digits) AS number) AS made;
SELECT n, erlang_decode(erlang_encode(n)) = n AS same FROM (VALUES
    ('0'::jsonb), ('9223372036854775807'), ('9223372036854775808'), ('-9223372036854775808'), ('-9223372036854775809'),
    ('18446744073709551615'), ('18446744073709551616'), ('-18446744073709551615'), ('-18446744073709551616')) AS edge (n);
-- one digit more than numeric has is hexadecimal, in both forms, and comes back
SELECT left(json::text, 20), length(json ->> '$int'), erlang_encode(json) = term AS same
  FROM decode('836f0000d50c00' || repeat('ff', 54540), 'hex') AS term, erlang_decode(term) AS json;

-- floats keep their fraction, so they stay floats
SELECT erlang_decode(erlang_encode('1e-7')), erlang_decode('\x83463ff0000000000000'),
       erlang_encode(erlang_decode('\x83464480f0cf064dd592')) = '\x83464480f0cf064dd592' AS large,
       erlang_encode(erlang_decode('\x83467fefffffffffffff')) = '\x83467fefffffffffffff' AS largest,
       erlang_encode(erlang_decode('\x83460000000000000001')) = '\x83460000000000000001' AS smallest;

-- large documents, toasted ones, and scalars
CREATE TABLE stored (json jsonb, term bytea);
INSERT INTO stored (json) SELECT jsonb_agg(jsonb_build_object('id', i, 'name', 'n' || i, 'list', jsonb_build_array(i, i / 7.0, null, true)))
  FROM generate_series(1, 20000) AS i;
UPDATE stored SET term = erlang_encode(json, '{"numbers": "float"}');
SELECT erlang_encode(erlang_decode(term)) = term AS same, jsonb_array_length(erlang_decode(term)) FROM stored;
SELECT length(erlang_decode(erlang_encode(to_jsonb(repeat('é', 1000000)))) #>> '{}');
SELECT erlang_encode(NULL), erlang_decode(NULL), erlang_encode(NULL, '{}'), erlang_encode('null', NULL);
