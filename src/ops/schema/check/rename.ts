import { quoteIdent } from '../../../db/ident.ts';
import type { SchemaDifference } from '../diff.ts';
import type { SchemaObject } from '../format.ts';
import type { Issue } from './issue.ts';

/** How what differs by its name only gets the one that is expected: a person decides, others may know the old one. */
export function renaming(
  { object, before, after }: SchemaDifference,
  expected: SchemaObject | undefined,
): Pick<Issue, 'fixable' | 'fixSql' | 'lock'> {
  if (expected === undefined || before === null || after === null)
    return { fixable: false, fixSql: [], lock: null };
  const holder = expected.name.slice(0, -1).map(quoteIdent).join('.');
  const [from, to] = [quoteIdent(before), quoteIdent(after)];
  // an index is in the schema of its table, and is not named with it
  const index = [...expected.name.slice(0, -2).map(quoteIdent), from].join('.');
  const sql =
    object === 'index'
      ? `ALTER INDEX ${index} RENAME TO ${to}`
      : `ALTER ${object === 'domain constraint' ? 'DOMAIN' : 'TABLE'} ${holder} RENAME CONSTRAINT ${from} TO ${to}`;
  const lock = object === 'index' ? 'ShareUpdateExclusiveLock' : 'AccessExclusiveLock';
  return { fixable: false, fixSql: [sql], lock: object === 'domain constraint' ? null : lock };
}
