import { quoteIdent, quoteLiteral, quoteRelation } from '../../../../db/ident.ts';
import { type Gone, rowsOfUnit, type Unit } from '../unit.ts';
import { block } from './blocks.ts';

/** Grants come last: what ALTER DEFAULT PRIVILEGES gives to new tables, the old one need not have had. */
export function remaking({ before }: Gone): string[] {
  const grants = before.filter(({ type }) => type === 'ACL');
  const relations = before
    .filter(({ type }) => type === 'TABLE' || type === 'SEQUENCE')
    .map(({ schema, name }) => quoteLiteral(`${quoteIdent(schema ?? '')}.${quoteIdent(name)}`));
  const body = `DECLARE r record; BEGIN
  FOR r IN SELECT DISTINCT format('REVOKE ALL ON %s %s FROM %s', CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
      c.oid::pg_catalog.regclass, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END) AS revoke
    FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a
    WHERE c.oid = ANY (ARRAY[${relations.join(', ')}]::pg_catalog.regclass[]) AND a.grantee <> c.relowner
  LOOP EXECUTE r.revoke; END LOOP; END`;
  return [
    ...before.filter((entry) => !grants.includes(entry)).map(({ sql }) => sql),
    block(body),
    ...grants.map(({ sql }) => sql),
  ];
}

/** Moves sequences past the highest value, and never back. */
export function forward(unit: Unit): string[] {
  return unit.live.sequences
    .filter(({ column }) => unit.columns.includes(column))
    .map(({ sequence, column, descending }) => {
      const [most, beyond] = descending ? ['min', '<'] : ['max', '>'];
      return `SELECT 'sequence', setval(${quoteLiteral(sequence)}, m.value)
  FROM (SELECT ${most}(${quoteIdent(column)}) AS value FROM ${rowsOfUnit(unit)}) m, ${sequence} q, pg_catalog.pg_sequence p
  WHERE p.seqrelid = ${quoteLiteral(sequence)}::pg_catalog.regclass AND m.value BETWEEN p.seqmin AND p.seqmax
    AND (m.value ${beyond} q.last_value OR m.value = q.last_value AND NOT q.is_called)`;
    });
}

/** The same for the sequences of a table that was made again. */
export function forwardNew({ sequences, ...table }: Gone): string[] {
  if (sequences.length === 0) return [];
  const relation = quoteLiteral(quoteRelation(table));
  const body = `DECLARE r record; highest bigint; BEGIN
  FOR r IN SELECT d.objid::pg_catalog.regclass AS sequence, a.attrelid::pg_catalog.regclass AS relation, a.attname, s.seqincrement
    FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_sequence s ON s.seqrelid = d.objid
    JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = ${relation}::pg_catalog.regclass
      AND d.deptype IN ('a', 'i')
  LOOP
    EXECUTE format('SELECT %s(%I) FROM %s', CASE WHEN r.seqincrement < 0 THEN 'min' ELSE 'max' END, r.attname, r.relation) INTO highest;
    IF highest IS NOT NULL THEN PERFORM pg_catalog.setval(r.sequence, highest); END IF;
  END LOOP; END`;
  return [
    block(body),
    ...sequences
      .filter(({ last }) => last !== null)
      .map(
        ({ quoted, last }) => `SELECT 'sequence', setval(p.seqrelid::pg_catalog.regclass, ${last})
  FROM ${quoted} q, pg_catalog.pg_sequence p WHERE p.seqrelid = ${quoteLiteral(quoted)}::pg_catalog.regclass
    AND (${last} > q.last_value AND p.seqincrement > 0 OR ${last} < q.last_value AND p.seqincrement < 0)`,
      ),
  ];
}
