# What an extension consists of, to compare two databases.
package Catalogue;

use strict;
use warnings;
use Exporter 'import';

our @EXPORT = qw(catalogue difference);

# One line each: the extension itself, and of each of its objects all that a script can say.
my $query = <<'END';
WITH extension AS (SELECT * FROM pg_extension WHERE extname = 'EXTENSION'),
     member AS (
        SELECT d.classid, d.objid, pg_describe_object(d.classid, d.objid, 0) AS name
          FROM pg_depend d JOIN extension e ON d.refobjid = e.oid
         WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'),
     relation AS (
        SELECT c.*, m.name FROM member m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
        UNION ALL
        SELECT c.*, m.name FROM member m JOIN pg_type t ON m.classid = 'pg_type'::regclass AND t.oid = m.objid
          JOIN pg_class c ON c.oid = t.typrelid)
SELECT concat_ws(' | ', what, name, detail) FROM (
    SELECT 'extension' AS what, extname::text AS name,
           concat_ws(' | ', extversion, extnamespace::regnamespace, extrelocatable,
                     (SELECT string_agg(c::regclass || ' ' || w, ', ' ORDER BY c::regclass::text)
                        FROM unnest(extconfig, extcondition) u(c, w))) AS detail
      FROM extension
    UNION ALL
    SELECT 'member', name, obj_description(objid, classid::regclass::name) FROM member
    UNION ALL
    SELECT 'routine', m.name, concat_ws(' | ', pg_get_functiondef(p.oid), p.proacl, p.proowner::regrole)
      FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid WHERE p.prokind <> 'a'
    UNION ALL
    SELECT 'relation', name, concat_ws(' | ', relkind, relpersistence, relam, reloptions, relacl, relowner::regrole,
                                       relrowsecurity, pg_get_partkeydef(oid), pg_get_expr(relpartbound, oid),
                                       CASE relkind WHEN 'v' THEN pg_get_viewdef(oid) END)
      FROM relation
    UNION ALL
    SELECT 'column', r.name, concat_ws(' | ', row_number() OVER (PARTITION BY r.oid, r.name ORDER BY a.attnum), a.attname,
                                       format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attstorage, a.attcompression,
                                       a.attidentity, a.attgenerated, a.attacl,
                                       pg_get_expr(f.adbin, f.adrelid), col_description(r.oid, a.attnum))
      FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN pg_attrdef f ON f.adrelid = r.oid AND f.adnum = a.attnum
    UNION ALL
    SELECT 'constraint', r.name, concat_ws(' | ', c.conname, pg_get_constraintdef(c.oid))
      FROM relation r JOIN pg_constraint c ON c.conrelid = r.oid
    UNION ALL
    SELECT 'index', r.name, pg_get_indexdef(i.indexrelid) FROM relation r JOIN pg_index i ON i.indrelid = r.oid
    UNION ALL
    SELECT 'trigger', r.name, concat_ws(' | ', pg_get_triggerdef(t.oid), t.tgenabled)
      FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal
    UNION ALL
    SELECT 'policy', r.name, concat_ws(' | ', p.polname, p.polcmd, pg_get_expr(p.polqual, r.oid))
      FROM relation r JOIN pg_policy p ON p.polrelid = r.oid
    UNION ALL
    SELECT 'sequence', r.name, s.seqtypid::regtype || ' ' || concat_ws(' ', s.seqstart, s.seqincrement, s.seqmax, s.seqcycle)
      FROM relation r JOIN pg_sequence s ON s.seqrelid = r.oid
    UNION ALL
    SELECT 'type', m.name, concat_ws(' | ', t.typtype, t.typacl,
                                     (SELECT string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid))
      FROM member m JOIN pg_type t ON m.classid = 'pg_type'::regclass AND t.oid = m.objid
    UNION ALL
    SELECT 'schema', m.name, concat_ws(' | ', n.nspacl, n.nspowner::regrole)
      FROM member m JOIN pg_namespace n ON m.classid = 'pg_namespace'::regclass AND n.oid = m.objid
    UNION ALL
    SELECT 'first rights', m.name, concat_ws(' | ', i.objsubid, i.initprivs)
      FROM member m JOIN pg_init_privs i ON i.classoid = m.classid AND i.objoid = m.objid) x
 ORDER BY 1
END

# catalogue($node, $database, $extension): a list of texts, each with its line breaks as \n.
sub catalogue
{
	my ($node, $database, $extension) = @_;
	my $escaped = $query =~ s/concat_ws\(' \| ', what, name, detail\)/replace($&, E'\\n', '\\n')/r;
	return split /\n/, $node->safe_psql($database, $escaped =~ s/EXTENSION/$extension/r);
}

# difference(\@one, \@other): the lines that only one of them has.
sub difference
{
	my ($one, $other) = @_;
	my (%in_one, %in_other);
	$in_one{$_}++ for @$one;
	$in_other{$_}++ for @$other;
	return join("\n", (map { "- $_" } grep { !$in_other{$_} } @$one), (map { "+ $_" } grep { !$in_one{$_} } @$other));
}

1;
