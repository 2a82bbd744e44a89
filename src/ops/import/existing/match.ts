import { quoteIdent, quoteRelation } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import type { Check } from '../../engine/plan.ts';
import type { How, HowOptions } from '../convert/how.ts';
import {
  type DestinationColumn,
  type DestinationKey,
  type DestinationTable,
  destinationColumns,
  destinationKeys,
  destinationTables,
} from '../queries/destination.ts';
import type { SourceColumn, SourceTable } from '../source/catalog.ts';
import { howOfType } from './types.ts';

/** A table of the file and the one of the server that its rows go into. */
export interface Match {
  readonly source: SourceTable;
  readonly table: DestinationTable;
  readonly columns: readonly DestinationColumn[];
  /** Columns of both, in the order of the file. */
  readonly pairs: readonly {
    readonly source: SourceColumn;
    readonly column: DestinationColumn;
    readonly how: How;
  }[];
}

/** What rows go where, in an order in which no key is broken on the way, and what speaks against it. */
export interface Matched {
  readonly matches: readonly Match[];
  readonly checks: readonly Check[];
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** Tables that are left alone: the history of the migrations. */
  readonly left: readonly string[];
}

/** Tables in which tools for migrations keep what was applied: those of the server are its own. */
const HISTORIES = new Set([
  ...['alembic_version', 'schema_migrations', 'django_migrations', '_prisma_migrations', 'knex_migrations'],
  ...[
    'knex_migrations_lock',
    'sequelizemeta',
    'aerich',
    'pgmigrations',
    'flyway_schema_history',
    'goose_db_version',
  ],
  ...['__drizzle_migrations', 'migrations', 'typeorm_migrations', 'ar_internal_metadata'],
]);

/** Finds the tables and columns of a schema by their names: exactly, else without case where only one is meant. */
export async function match(
  session: Session,
  schema: string,
  tables: readonly SourceTable[],
  { triggers, ...options }: HowOptions & { readonly triggers: boolean },
): Promise<Matched> {
  const found = await session.run(destinationTables, { schema });
  const columns = Map.groupBy(
    await session.run(destinationColumns, { oids: found.map(({ oid }) => oid) }),
    ({ oid }) => oid,
  );
  const checks: Check[] = [];
  const block = (title: string, detail: string) => checks.push({ title, status: 'block', detail });
  const matches: Match[] = [];
  const left: string[] = [];
  for (const source of tables) {
    const table = byName(found, source.name);
    if (HISTORIES.has(source.name.toLowerCase())) {
      left.push(source.name);
      continue;
    }
    if (table === undefined) {
      block(source.name, `${schema} has no table of this name. Leave it out (--skip), or make it first.`);
      continue;
    }
    const own = columns.get(table.oid) ?? [];
    const pairs = source.columns.flatMap((column) => {
      const there = byName(own, column.name);
      if (there?.generated === true) return [];
      if (there !== undefined)
        return [{ source: column, column: there, how: howOfType(there.type, there.labels, options) }];
      if (column.generated === undefined)
        block(
          `${source.name}.${column.name}`,
          `${table.name} has no column of this name: its values would be lost.`,
        );
      return [];
    });
    const lacking = own.filter(
      (one) => one.not_null && !one.filled && !one.generated && !pairs.some(({ column }) => column === one),
    );
    if (lacking.length > 0)
      block(
        table.name,
        `${lacking.map(({ name }) => name).join(', ')} wants a value, has no default, and is not in the file.`,
      );
    const opaque = pairs.filter(({ how }) => how.opaque);
    if (opaque.length > 0)
      checks.push({
        ...{ title: table.name, status: 'warn' },
        detail: `${opaque.map(({ column }) => `${column.name} (${column.type})`).join(', ')}: the server reads it, and refuses all where it cannot; of what came only the NULLs are compared.`,
      });
    matches.push({ source, table, columns: own, pairs });
  }
  await destinationChecks(session, schema, matches, { checks, triggers });
  const keys = await session.run(destinationKeys, { oids: matches.map(({ table }) => table.oid) });
  const { order, circle } = inOrder(matches, keys);
  for (const key of circle)
    if (!matches.some(({ table }) => table.oid === key.child && table.owned))
      block(
        key.child_name,
        `Its key ${key.name} is of a circle, and only its owner can leave it off meanwhile.`,
      );
  const off = triggers ? [] : matches.flatMap(({ table }) => table.triggers.map((name) => ({ table, name })));
  const relation = ({ name }: DestinationTable) => quoteRelation({ schema, name });
  const lock = order.map(({ table }) => relation(table)).join(', ');
  return {
    ...{ matches: order, checks, left },
    before: [
      ...(order.length === 0 ? [] : [`LOCK TABLE ${lock} IN SHARE ROW EXCLUSIVE MODE`]),
      ...off.map(({ table, name }) => `ALTER TABLE ${relation(table)} DISABLE TRIGGER ${quoteIdent(name)}`),
      ...circle.map((key) => `ALTER TABLE ${childOf(key)} DROP CONSTRAINT ${quoteIdent(key.name)}`),
    ],
    after: [
      ...circle.map(
        (key) => `ALTER TABLE ${childOf(key)} ADD CONSTRAINT ${quoteIdent(key.name)} ${key.definition}`,
      ),
      ...off.map(
        ({ table, name }) =>
          `ALTER TABLE ${relation(table)} ENABLE ${table.always.includes(name) ? 'ALWAYS ' : ''}TRIGGER ${quoteIdent(name)}`,
      ),
    ],
  };
}

const childOf = ({ child_schema: schema, child_name: name }: DestinationKey): string =>
  quoteRelation({ schema, name });

function byName<One extends { readonly name: string }>(all: readonly One[], name: string): One | undefined {
  const alike = all.filter((one) => one.name.toLowerCase() === name.toLowerCase());
  return alike.find((one) => one.name === name) ?? (alike.length === 1 ? alike[0] : undefined);
}

async function destinationChecks(
  session: Session,
  schema: string,
  matches: readonly Match[],
  { checks, triggers }: { readonly checks: Check[]; readonly triggers: boolean },
): Promise<void> {
  for (const { table } of matches) {
    const title = table.name;
    const block = (detail: string) => checks.push({ title, status: 'block', detail });
    if (table.row_security)
      block(
        `Its row security holds for ${session.server.user}: connect as its owner (${table.owner}), or as a role with BYPASSRLS.`,
      );
    else if (!table.may_load) block(`${session.server.user} may not INSERT and SELECT there.`);
    else {
      const [row] = await session.sql(
        `SELECT EXISTS (SELECT FROM ${quoteRelation({ schema, name: table.name })}) AS filled`,
      );
      if (row?.filled === true)
        block('There are rows in it already: empty it first, or leave it out (--skip).');
    }
    if (table.triggers.length === 0) continue;
    const names = table.triggers.join(', ');
    if (triggers) checks.push({ title, status: 'warn', detail: `${names} fires for each row.` });
    else if (table.owned)
      checks.push({
        title,
        status: 'warn',
        detail: `${names} does not fire: the rows come as they are. With --triggers it does.`,
      });
    else
      block(
        `${names} could only be kept from firing by its owner (${table.owner}): connect as that, or let it (--triggers).`,
      );
  }
}

/** Parents first; keys of a circle are left off until all rows are there. */
function inOrder(
  matches: readonly Match[],
  keys: readonly DestinationKey[],
): { readonly order: Match[]; readonly circle: DestinationKey[] } {
  const own = new Set(matches.map(({ table }) => table.oid));
  let open = keys.filter(({ child, parent }) => own.has(child) && own.has(parent) && child !== parent);
  const circle: DestinationKey[] = [];
  const order: Match[] = [];
  let left = [...matches];
  while (left.length > 0) {
    const next = left.find(({ table }) => !open.some(({ child }) => child === table.oid));
    if (next === undefined) {
      const [key, ...rest] = open;
      if (key === undefined) break;
      circle.push(key);
      open = rest;
      continue;
    }
    order.push(next);
    left = left.filter((one) => one !== next);
    open = open.filter(({ parent }) => parent !== next.table.oid);
  }
  return { order, circle };
}
