import { fullName } from '../../../db/ident.ts';
import { reindexLeftovers } from '../../../db/queries/reindex/leftovers.ts';
import type { Session } from '../../../db/session.ts';
import { bytes, roughly } from '../../../text/units.ts';
import { recoverConcurrently } from '../../concurrently/recover.ts';
import { holdersOf, lockChecks } from '../../database/holders.ts';
import { defineOperation, type OpContext } from '../../engine/operation.ts';
import type { Check, Plan, StepIo } from '../../engine/plan.ts';
import { serverChecks } from '../../maintain/checks.ts';
import { roomCheck } from '../../maintain/shared/room.ts';
import { terminalFact } from '../../maintain/shared/terminal.ts';
import { waitChecks } from '../../reindex/checks.ts';
import { reindexTables } from '../../reindex/queries/inventory.ts';
import { resolveRelation } from '../../relations/resolve.ts';
import { loadParser } from '../../sql/parser.ts';
import { indexFacts } from '../queries/facts.ts';
import {
  type IndexedColumn,
  type IndexedTable,
  indexedColumns,
  indexedTable,
  takenNames,
} from '../queries/table.ts';
import { newShared, ownerChecks } from '../shared.ts';
import { brokenChecks, likeChecks, nameChecks, syntaxChecks, tableChecks, uniqueChecks } from './checks.ts';
import { type CreateInput, createFields, createInput } from './input.ts';
import type { Made } from './made.ts';
import { createSteps } from './steps.ts';
import { flat, treeOf } from './tree.ts';
import { undoCreate } from './undo.ts';
import { createSql, wantedIndex } from './wanted.ts';

const CREATE = 'indexes create';

/** `pgdeck indexes create`: an index made while reads and writes continue; nothing unfinished stays. */
export const indexesCreate = defineOperation({
  id: CREATE,
  input: createInput,
  fields: createFields,
  plan: planCreate,
  undo: undoCreate,
  recover: (run, context) => recoverConcurrently(run, context, 'indexes', CREATE),
});

async function planCreate(input: CreateInput, context: OpContext): Promise<Plan> {
  const session = await context.session();
  const { server } = session;
  const parser = await loadParser();
  const tables = await session.run(reindexTables, undefined);
  const table = resolveRelation(tables, input.table);
  const columns = await session.run(indexedColumns, { oid: table.oid });
  const wanted = wantedIndex(parser, input, table, columns);
  const children = Map.groupBy(tables, ({ partition_of }) => partition_of);
  const below = (oid: number): number[] => [
    oid,
    ...(children.get(oid) ?? []).flatMap((one) => below(one.oid)),
  ];
  const oids = below(table.oid);
  const inTree = tables.filter(({ oid }) => oids.includes(oid));
  const indexes = await session.run(indexFacts, { oids: [], tables: oids });
  const names = await session.run(takenNames, { schemas: [...new Set(inTree.map(({ schema }) => schema))] });
  const taken = new Map(
    [...Map.groupBy(names, ({ schema }) => schema)].map(([schema, all]) => [
      schema,
      new Set(all.map(({ name }) => name)),
    ]),
  );
  const root = treeOf(table, input.name, { parser, wanted, tables: inTree, indexes, taken });
  const nodes = flat(root);
  const leftovers = await session.run(reindexLeftovers, { oids });
  const built = new Map(
    leftovers.flatMap(({ oid, builder }) => (builder === null ? [] : [[oid, builder] as const])),
  );
  const [facts] = await session.run(indexedTable, { oid: table.oid });
  if (facts === undefined) throw new Error(`${table.name} is gone`);
  const path = wanted.free ? await searchPath(context) : undefined;
  const size = sizeOf(facts, wanted.columns, columns);
  const made: Made[] = [];
  const work = {
    ...newShared(server.database),
    root,
    wanted,
    size,
    // names in an expression are found as they are for the role
    path: path === undefined ? [] : [`SET search_path = ${path === '' ? "''" : path}`],
    note: (io: StepIo, one: Made) => {
      made.push(one);
      io.record({ made });
    },
  };
  const name = fullName(table.schema, root.name);
  const taker = names.find((one) => one.schema === table.schema && one.name === root.name);
  const checks: Check[] = [
    ...(await serverChecks(context, session)),
    ...ownerChecks(session, 'create it', [
      { shown: fullName(table.schema, table.name), owner: facts.owner, owned: facts.owned },
    ]),
    ...(table.system ? [systemCheck(table.name)] : []),
    ...tableChecks(facts, server),
    ...nameChecks(root, taker?.kind),
    ...(await syntaxChecks(session, facts, wanted, path)),
    ...likeChecks(parser, root, indexes, wanted),
    ...brokenChecks(nodes, built),
    ...(await uniqueChecks(session, facts, wanted, path)),
    ...lockChecks(
      await holdersOf(session, oids, 'ShareUpdateExclusiveLock'),
      'It is waited for, however long that takes.',
    ),
    ...(await waitChecks(session, oids)),
    await roomCheck(size, facts, context),
  ];
  const parted = table.kind === 'p';
  return {
    operation: CREATE,
    title: `Create ${name}`,
    subject: name,
    danger: 'confirm',
    writes: true,
    server: context.place,
    input: { ...input },
    facts: [
      { label: 'Database', value: context.place },
      { label: 'Index', value: createSql(wanted, { name: root.name, table, concurrently: !parted }) },
      { label: 'Table', value: `${fullName(table.schema, table.name)}, ${rowsText(facts)}` },
      {
        label: 'Size',
        value:
          size === 0
            ? 'not known: the table is empty, or was never counted (pgdeck analyze)'
            : `about ${bytes(size)}, by the statistics of the columns`,
      },
      await terminalFact(session),
    ],
    checks,
    steps: createSteps(work),
    consequence: parted
      ? 'Reads and writes continue, but for moments at each partition. Waits for every open transaction.'
      : 'Reads and writes continue. Waits for every open transaction; a long one holds it up. Each write keeps one more index.',
    undo: 'undo',
    locks: [{ family: CREATE, database: server.database }],
    reaches: () => 'No rows were changed.',
    leaves: () =>
      parted
        ? 'No rows were changed; what was made of it stays, and the same command goes on with it.'
        : 'No rows were changed.',
  };
}

function systemCheck(table: string): Check {
  return { title: 'Table', status: 'block', detail: `${table} belongs to the system catalogs.` };
}

function rowsText({ est_rows, kind }: IndexedTable): string {
  const rows = est_rows === 0 ? 'not counted yet' : `about ${roughly(est_rows, 'row')}`;
  return kind === 'p' ? `partitioned, ${rows}` : rows;
}

/** What an entry has besides its keys: its header, its pointer, and padding. */
const ENTRY_BYTES = 16;
/** Where the width of a column is not known. */
const WIDTH = 16;
/** Leaves are 90 % full. */
const FILL = 0.9;

function sizeOf(
  { est_rows }: IndexedTable,
  used: readonly string[],
  columns: readonly IndexedColumn[],
): number {
  const widths = used.map((name) => columns.find((one) => one.name === name)?.width ?? WIDTH);
  const width = widths.length === 0 ? WIDTH : widths.reduce((sum, one) => sum + one, 0);
  return (est_rows * (ENTRY_BYTES + width)) / FILL;
}

/** As the role has it, quoted as SET takes it. Throws DbError. */
async function searchPath(context: OpContext): Promise<string> {
  const session: Session = await context.session(undefined, 'migration');
  const [row] = await session.sql("SELECT current_setting('search_path') AS path");
  return String(row?.path ?? '');
}
