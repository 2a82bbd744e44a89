import { displayName, quoteIdent } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import { tableKey } from '../../archive/roots.ts';
import { refusalIn } from '../../archive/sql/guard.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Check } from '../../engine/plan.ts';
import type { Clients } from '../../programs/programs.ts';
import type { Backup } from '../../repository/repository.ts';
import { type LiveTable, liveTables, tableNames } from '../queries/tables.ts';
import type { Foreign } from '../source/foreign.ts';
import { unitChecks } from './checks.ts';
import { tablesErrors } from './errors.ts';
import { type Contents, type KnownTable, leavesOf, readContents } from './reading/contents.ts';
import { Counts } from './reading/counts.ts';
import type { DumpEntry } from './reading/dump-entries.ts';
import { definitionOf, goneCheck, withSequences } from './reading/gone.ts';
import { chooseTables } from './reading/names.ts';
import { headsOf, type Readable } from './rows/source.ts';
import type { Task } from './sql/script.ts';
import { mayReplicate, taskOf, unitOf } from './task.ts';
import type { Block, Gone, Mode, Unit } from './unit.ts';

export interface Prepared {
  readonly task: Task;
  readonly checks: readonly Check[];
}

/** Compares what was named with the backup and with the live database. Throws {@link OpError}, DbError. */
export async function prepare(
  context: OpContext,
  session: Session,
  clients: Clients,
  { backup, archive }: Pick<Readable, 'backup' | 'archive'>,
  names: readonly string[],
  mode: Mode,
  foreign?: Foreign,
): Promise<Prepared> {
  const text = backup.kind !== 'custom' && backup.kind !== 'directory';
  if (text && foreign?.dumped.inserts) throw tablesErrors.inserts({ id: backup.id });
  const contents = await readContents(
    context.here,
    clients,
    backup,
    () => knownTables(session),
    foreign?.heads,
  );
  const keys = chooseTables(contents, names);
  const blocks = await readBlocks(clients, { backup, archive }, contents, keys);
  const live = await session.run(liveTables, withParents(contents, keys));
  const replicates = await mayReplicate(session);
  const counts = Counts.of(backup.manifest, foreign?.dumped);
  const checks: Check[] = [];
  const units: Unit[] = [];
  const gone: Gone[] = [];
  for (const [at, key] of keys.entries()) {
    const wanted = describe(counts, contents, key, blocks.get(key) ?? []);
    const found = live.find((table) => tableKey(table.schema, table.name) === key);
    if (found === undefined) {
      const made = remake(contents, key, live);
      checks.push(made.check);
      gone.push({
        ...wanted,
        ...made.definition,
        partitioned: contents.tables.get(key)?.partitioned === true,
        sequences: madeSequences(backup, made.definition.before),
      });
    } else {
      const unit = unitOf(wanted, found, at + 1, replicates);
      checks.push(...unitChecks(unit, mode, session.server.user));
      units.push(unit);
    }
  }
  const { task, checks: more } = await taskOf(session, units, gone, mode);
  return { task, checks: [...checks, ...more] };
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
  clients: Clients,
  readable: Pick<Readable, 'backup' | 'archive'>,
  contents: Contents,
  keys: readonly string[],
): Promise<Map<string, Block[]>> {
  return clients.host.withWorkspace(async (workspace) => {
    const found = new Map<string, Block[]>();
    for (const key of keys) {
      const blocks: Block[] = [];
      for (const table of leavesOf(contents, key))
        for (const { place, columns, encoding } of await headsOf(clients, readable, table, workspace))
          blocks.push({ table, place, columns, encoding });
      found.set(key, blocks);
    }
    return found;
  });
}

function describe(counts: Counts, contents: Contents, key: string, blocks: readonly Block[]) {
  const [schema = '', name = ''] = key.split('\0');
  const known = contents.tables.get(key)?.data !== undefined || blocks.length > 0;
  return {
    key,
    schema,
    name,
    shown: displayName(schema, name),
    blocks,
    rows: known ? counts.rowsOf(contents, key) : null,
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
  const unsafe = [...whole.before, ...whole.after].some(({ sql }) => refusalIn(sql) !== undefined);
  return { definition: whole, check: goneCheck(table, references, unsafe || whole.before.length === 0) };
}

function madeSequences(backup: Backup, before: readonly DumpEntry[]): Gone['sequences'] {
  const stood = new Map(
    backup.manifest?.sequences.map((one) => [tableKey(one.schema, one.name), one.last_value]),
  );
  return before
    .filter(({ type }) => type === 'SEQUENCE')
    .map(({ schema, name }) => ({
      quoted: `${quoteIdent(schema ?? '')}.${quoteIdent(name)}`,
      last: stood.get(tableKey(schema ?? '', name)) ?? null,
    }));
}
