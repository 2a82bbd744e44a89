import { displayName, fullName, quoteIdent, quoteRelation } from '../../db/ident.ts';
import { foreignKeyNotValidPoll, type NotValidKey } from '../../db/queries/foreign-keys.ts';
import { defineCheck, type Facts } from '../check.ts';
import type { Found, Remedy } from '../finding.ts';
import { worstOf } from '../tables.ts';

/** Foreign keys that are there and NOT VALID: rows that were there before may refer to nothing. */
export const foreignKeyNotValid = defineCheck({
  id: 'foreign_key_not_valid',
  title: 'Foreign keys that are NOT VALID',
  category: 'schema',
  fix: '`orphans`',
  reads: [foreignKeyNotValidPoll],
  judge: (facts) => ({
    findings: facts.figures
      .rows(foreignKeyNotValidPoll)
      .map((row, _, rows) => findingOf(row, worstOf(rows.length, row.of, 'such keys'), facts)),
  }),
});

function findingOf(row: NotValidKey, worst: string, { server }: Facts): Found {
  const table = displayName(row.schemaname, row.relname);
  const parent = displayName(row.parent_schema, row.parent);
  const key = displayName(null, row.conname);
  const columns = row.columns.map((name) => displayName(null, name)).join(',');
  return {
    object: `${table}.${key}`,
    severity: 'warning',
    title: `The foreign key ${key} of ${table}(${columns}) to ${parent} is NOT VALID.`,
    evidence: `pg_constraint: new rows are checked, and those from before were not.${worst}`,
    why: 'Rows may refer to what is not there: a restore fails at this key, and joins lose such rows without a word.',
    remedy: remedyOf(row, server.standby),
  };
}

function remedyOf(row: NotValidKey, standby: boolean): Remedy {
  const { schemaname: schema, relname: name, conname: key } = row;
  if (standby) return { advice: 'A standby has what its primary has: clean it up there.' };
  if (row.may)
    return {
      operation: 'orphans',
      input: { table: fullName(schema, name), key },
      cost: 'It counts first. Rows that are removed are archived, in batches that hold nobody up; the key is then checked while reads and writes go on.',
    };
  return {
    sql: `ALTER TABLE ${quoteRelation({ schema, name })} VALIDATE CONSTRAINT ${quoteIdent(key)}`,
    cost: 'It fails where rows refer to nothing; reads and writes go on. This role may not: it takes the owner of the table or a superuser.',
  };
}
