import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { displayName } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import { parseCopyHead } from '../../archive/heading.ts';
import type { Clients } from '../../clients/programs.ts';
import type { OpContext } from '../../context.ts';
import type { Check } from '../../operation.ts';
import type { Backup } from '../../repository/repository.ts';
import { unitChecks } from './checks.ts';
import { type ForeignKey, foreignKeys, type LiveTable, liveTables, tableNames } from './live.ts';
import { topologicalOrder } from './order.ts';
import { type Contents, type KnownTable, leavesOf, readContents, tableKey } from './reading/contents.ts';
import { definitionOf, goneCheck, withSequences } from './reading/gone.ts';
import { chooseTables } from './reading/names.ts';
import { headOf } from './rows/source.ts';
import { cascades, losing } from './sql/cascades.ts';
import type { Task } from './sql/script.ts';
import { type Block, type Gone, type Mode, stagingName, type Unit } from './unit.ts';

export interface Prepared {
  readonly task: Task;
  readonly checks: readonly Check[];
}

/** Compares what was named with the backup and with the live database. Throws {@link OpError}, DbError. */
export async function prepare(
  context: OpContext,
  session: Session,
  clients: Clients,
  backup: Backup,
  names: readonly string[],
  mode: Mode,
): Promise<Prepared> {
  const contents = await readContents(context.host, clients, backup, () => knownTables(session));
  const keys = chooseTables(contents, names);
  const blocks = await readBlocks(context, clients, backup, contents, keys);
  const live = await session.run(liveTables, withParents(contents, keys));
  const checks: Check[] = [];
  const units: Unit[] = [];
  const gone: Gone[] = [];
  for (const [at, key] of keys.entries()) {
    const wanted = describe(backup, contents, key, blocks.get(key) ?? []);
    const found = live.find((table) => tableKey(table.schema, table.name) === key);
    if (found === undefined) {
      const made = remake(contents, key, live);
      checks.push(made.check);
      gone.push({ ...wanted, ...made.definition });
    } else {
      const unit = unitOf(wanted, found, at + 1);
      checks.push(...unitChecks(unit, mode));
      units.push(unit);
    }
  }
  const related = await relatedKeys(session, units);
  const { sequence, circle } = topologicalOrder(units.length, inside(units, related));
  const ordered = sequence.flatMap((at) => units[at] ?? []);
  const circleOf = new Map(units.map((unit, at) => [unit.live.oid, circle[at]]));
  const deferred = related.filter((key) => needsDeferring(key, ordered, circleOf, mode));
  checks.push(...ownership(ordered, deferred));
  return {
    task: {
      mode,
      units: ordered,
      gone,
      deferred,
      cascades:
        mode === 'replace' && ordered.every(({ primary }) => primary) ? cascades(ordered, related) : [],
      major: session.server.major,
    },
    checks,
  };
}

async function knownTables(session: Session): Promise<KnownTable[]> {
  const found = await session.run(tableNames, undefined);
  return found.map(({ schema, name, partitioned, parent_schema, parent_name }) => ({
    schema,
    name,
    partitioned,
    parent: parent_schema === null || parent_name === null ? undefined : tableKey(parent_schema, parent_name),
  }));
}

/** The chosen tables, and what they are partitions of. */
function withParents(contents: Contents, keys: readonly string[]): { schema: string; name: string }[] {
  const all = new Set(keys.flatMap((key) => [key, contents.tables.get(key)?.parent ?? key]));
  return [...all].map((key) => {
    const [schema = '', name = ''] = key.split('\0');
    return { schema, name };
  });
}

async function readBlocks(
  { host }: OpContext,
  clients: Clients,
  backup: Backup,
  contents: Contents,
  keys: readonly string[],
): Promise<Map<string, Block[]>> {
  const directory = await mkdtemp(join(tmpdir(), 'pgdeck-heads-'));
  try {
    const found = new Map<string, Block[]>();
    for (const key of keys) {
      const blocks: Block[] = [];
      for (const table of leavesOf(contents, key)) {
        const head = await headOf(host, clients, backup, table, directory);
        const copy = parseCopyHead(head);
        blocks.push({ table, head, columns: copy?.columns ?? [] });
      }
      found.set(key, blocks);
    }
    return found;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function describe(backup: Backup, contents: Contents, key: string, blocks: readonly Block[]) {
  const [schema = '', name = ''] = key.split('\0');
  const counted = new Map(backup.manifest?.tables.map((t) => [tableKey(t.schema, t.name), t.rows]));
  const rows = blocks.map(({ table }) => counted.get(tableKey(table.schema, table.name)) ?? null);
  const known = contents.tables.get(key)?.data !== undefined || blocks.length > 0;
  return {
    key,
    schema,
    name,
    shown: displayName(schema, name),
    blocks,
    rows: known && rows.every((n) => n !== null) ? rows.reduce((sum, n) => sum + n, 0) : null,
  };
}

function unitOf(wanted: ReturnType<typeof describe>, live: LiveTable, number: number): Unit {
  const writable = new Set(live.columns.filter(({ generated }) => !generated).map(({ name }) => name));
  const [first] = wanted.blocks;
  return {
    ...wanted,
    live,
    staging: stagingName(number),
    columns: (first?.columns ?? []).filter((column) => writable.has(column)),
    primary: live.keys.find(({ primary }) => primary),
    others: live.keys.filter(({ primary, partial }) => !primary && !partial),
  };
}

function remake(contents: Contents, key: string, live: readonly LiveTable[]) {
  const table = contents.tables.get(key) ?? {
    schema: '',
    name: '',
    partitioned: false,
    parent: undefined,
    data: undefined,
  };
  const parentIsThere = live.some(({ schema, name }) => tableKey(schema, name) === table.parent);
  const { definition, references } = definitionOf(contents, key, parentIsThere);
  const whole = withSequences(contents, definition);
  // what psql would take for a command of its own
  const unsafe = [...whole.before, ...whole.after].some(({ sql }) => /^\\/m.test(sql));
  return { definition: whole, check: goneCheck(table, references, unsafe || whole.before.length === 0) };
}

/** Foreign keys from and to the tables, and to everything that loses rows with theirs. */
async function relatedKeys(session: Session, units: readonly Unit[]): Promise<ForeignKey[]> {
  let oids = units.map(({ live }) => live.oid);
  for (;;) {
    const keys = oids.length === 0 ? [] : await session.run(foreignKeys, oids);
    const reached = losing(keys, oids);
    if (reached.length === oids.length) return keys;
    oids = reached;
  }
}

function inside(units: readonly Unit[], keys: readonly ForeignKey[]): { from: number; to: number }[] {
  const at = new Map(units.map(({ live }, index) => [live.oid, index]));
  return keys.flatMap(({ from, to }) => {
    const [child, parent] = [at.get(from), at.get(to)];
    return child === undefined || parent === undefined ? [] : [{ from: child, to: parent }];
  });
}

/**
 * A foreign key between chosen tables that does not hold after every statement, only at the end: within a circle, or
 * where rows of the parent leave before those of the child are written.
 */
function needsDeferring(
  key: ForeignKey,
  units: readonly Unit[],
  circle: ReadonlyMap<string, number | undefined>,
  mode: Mode,
): boolean {
  const parent = units.find(({ live }) => live.oid === key.to);
  if (key.deferrable || parent === undefined || !circle.has(key.from)) return false;
  if (key.from !== key.to && circle.get(key.from) === circle.get(key.to)) return true;
  if (mode === 'skip_existing') return false;
  // rows are updated before new ones come, and those in the way go first: see script.ts
  if (parent.others.length > 0 && (mode === 'replace' || key.from === key.to)) return true;
  return !key.to_primary;
}

function ownership(units: readonly Unit[], deferred: readonly ForeignKey[]): Check[] {
  const triggers = units.filter(({ live }) => live.triggers.length > 0 && !live.owned);
  const lacking = [
    ...triggers.map(({ shown }) => `the triggers of ${shown}`),
    ...deferred.filter(({ owned }) => !owned).map(({ name, relation }) => `${name} of ${relation}`),
  ];
  if (lacking.length === 0) return [];
  return [
    {
      title: 'Ownership',
      status: 'block',
      detail: `Only their owner may switch off ${lacking.join(', ')} meanwhile. Connect as the owner.`,
    },
  ];
}
