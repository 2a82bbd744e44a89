import { displayName } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import { plural } from '../../../text/units.ts';
import { as, objectName } from '../../sql/ast.ts';
import type { Migration } from '../files/migration.ts';
import type { DirtyRow } from '../history/rows.ts';
import { type InvalidIndex, migrateInvalidIndexes, migrateRelation } from '../queries/leftovers.ts';
import type { Statement } from '../sql/statement.ts';
import type { Direction } from '../types.ts';

/**
 * What the catalog says of a statement that was begun: it took effect; it left an index that is not valid; it did not,
 * or can be repeated; nothing that can be looked up.
 */
export type Effect = 'done' | 'half' | 'open' | 'unknown';

export interface Examined {
  readonly statement: Statement;
  readonly effect: Effect;
  /** Of `half`: what has to go before it is run again. */
  readonly invalid?: InvalidIndex | undefined;
}

/** A migration that was begun and not finished, and what is there of it. */
export interface Diagnosis {
  readonly migration: Migration;
  readonly direction: Direction;
  readonly row: DirtyRow;
  /** Every statement of the way it was on. */
  readonly statements: readonly Examined[];
}

/** Looks at what a migration has left. Where it was interrupted is in the history; another tool's mark does not say it. */
export async function diagnose(
  session: Session,
  row: DirtyRow,
  migration: Migration,
  direction: Direction,
): Promise<Diagnosis> {
  const section = direction === 'up' ? migration.up : migration.down;
  const statements: Examined[] = [];
  for (const [at, statement] of (section?.statements ?? []).entries()) {
    if (row.done !== null && at < row.done) statements.push({ statement, effect: 'done' });
    // those that come after the one that was interrupted were not begun
    else if (row.done !== null && at > row.done) statements.push({ statement, effect: 'open' });
    else if (row.done !== null && statement.alone === undefined)
      statements.push({ statement, effect: counted(statement) });
    else statements.push(await examine(session, statement));
  }
  return { migration, direction, row, statements };
}

/** It is committed together with the count that says so; that of a COMMIT stands for what was before it. */
function counted({ node }: Statement): Effect {
  return as(node, 'TransactionStmt')?.kind === 'TRANS_STMT_COMMIT' ? 'done' : 'open';
}

/** What the catalog says of one statement. */
export async function examine(session: Session, statement: Statement): Promise<Examined> {
  const { node } = statement;
  const index = as(node, 'IndexStmt');
  if (index) {
    const { relname = '', schemaname } = index.relation ?? {};
    if (index.idxname === undefined || index.idxname === '') {
      const left = (await session.run(migrateInvalidIndexes, undefined)).find(
        (one) => one.table_name === relname && !one.building,
      );
      return left ? { statement, effect: 'half', invalid: left } : { statement, effect: 'unknown' };
    }
    return made(session, statement, schemaname, index.idxname);
  }
  const created = as(node, 'CreateStmt')?.relation ?? as(node, 'ViewStmt')?.view;
  if (created?.relname !== undefined) return made(session, statement, created.schemaname, created.relname);
  const dropped = as(node, 'DropStmt');
  if (dropped && /_(INDEX|TABLE|VIEW|MATVIEW|SEQUENCE)$/.test(String(dropped.removeType))) {
    const names = (dropped.objects ?? []).map(objectName);
    const left = await Promise.all(names.map((name) => find(session, ...parts(name))));
    return { statement, effect: left.every((one) => one === undefined) ? 'done' : 'open' };
  }
  const reindex = as(node, 'ReindexStmt');
  if (reindex) {
    const left = (await session.run(migrateInvalidIndexes, undefined)).find(({ name }) =>
      /_cc(new|old)\d*$/.test(name),
    );
    return left ? { statement, effect: 'half', invalid: left } : { statement, effect: 'open' };
  }
  const repeatable = as(node, 'VacuumStmt') ?? as(node, 'ClusterStmt') ?? as(node, 'RefreshMatViewStmt');
  return { statement, effect: repeatable ? 'open' : 'unknown' };
}

async function made(
  session: Session,
  statement: Statement,
  schema: string | undefined,
  name: string,
): Promise<Examined> {
  const found = await find(session, schema, name);
  if (found === undefined) return { statement, effect: 'open' };
  if (found.valid !== false) return { statement, effect: 'done' };
  const invalid = (await session.run(migrateInvalidIndexes, undefined)).find(({ oid }) => oid === found.oid);
  return { statement, effect: 'half', invalid };
}

async function find(session: Session, schema: string | undefined, name: string) {
  const [row] = await session.sql('SELECT current_schemas(false)::text[] AS path');
  const path = Array.isArray(row?.path) ? row.path.map(String) : [];
  const [found] = await session.run(migrateRelation, { schema, name, path });
  return found;
}

function parts(name: string): [string | undefined, string] {
  const dot = name.indexOf('.');
  return dot < 0 ? [undefined, name] : [name.slice(0, dot), name.slice(dot + 1)];
}

/** One sentence: how far it came, and what it left. */
export function halfDone({ migration, direction, statements }: Diagnosis): string {
  const done = statements.filter(({ effect }) => effect === 'done').length;
  const left = statements.flatMap(({ invalid }) =>
    invalid ? [displayName(invalid.schema, invalid.name)] : [],
  );
  const unknown = statements.find(({ effect }) => effect === 'unknown');
  const far = `${migration.version} ${migration.name} was begun${direction === 'down' ? ' going down' : ''} and is not finished: ${done} of ${plural(statements.length, 'statement')} took effect`;
  return [
    far,
    ...(left.length === 0 ? [] : [`the index ${left.join(', ')} is INVALID`]),
    ...(unknown === undefined ? [] : [`of "${unknown.statement.title}" the catalog does not say`]),
  ]
    .join(', ')
    .concat('.');
}
