import { quoteIdent, quoteRelation } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import { count, plural } from '../../text/units.ts';
import type { RowsManifest, RowsPartition } from '../archive/rows/manifest.ts';
import { verifiedRows } from '../archive/rows/reader.ts';
import { listRuns, type Run } from '../engine/journal/runs.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Check, Plan, Step, StepIo } from '../engine/plan.ts';
import { serverChecks } from '../maintain/checks.ts';
import { notedPuts, wasCommitted } from '../rows/noted.ts';
import { type Place, putPart, putPreview } from '../rows/put.ts';
import { uniqueKeys } from '../rows/queries/keys.ts';
import { type OrphanTable, orphanTables, tableColumns, tableFacts } from '../rows/queries/tables.ts';
import { rowsSession } from '../rows/session.ts';
import { manifestOf } from './archive.ts';
import { some } from './checks.ts';
import { cleanupErrors } from './errors.ts';
import { type NotedTask, notedTasks, wentOnWith } from './facts.ts';
import { shown } from './task.ts';

/** The rows of one table that come back. */
interface Returning {
  readonly noted: NotedTask;
  readonly directory: string;
  readonly manifest: RowsManifest;
  readonly table: OrphanTable | undefined;
  readonly place: Place | undefined;
  readonly done: { put: number; kept: number };
}

/** Puts the rows back that a run has deleted. Throws {@link OpError} where there is no archive that can be believed. */
export async function undoCleanup(run: Run, context: OpContext): Promise<Plan> {
  const runs = listRuns(context.journal);
  const next = wentOnWith(run, runs);
  if (next !== undefined) throw cleanupErrors.wentOn({ run: run.id, by: next.id });
  const session = await context.session();
  const all = await returningOf(run, session);
  const rows = all.reduce((sum, { manifest }) => sum + manifest.rows, 0);
  if (rows === 0) {
    const archived = notedTasks(run.facts).some(({ task }) => task.archives !== null);
    throw archived ? cleanupErrors.nothingToUndo({ run: run.id }) : cleanupErrors.noArchive({ run: run.id });
  }
  const names = all.map(({ noted }) => shown(noted.task.table));
  const checks: Check[] = [...(await serverChecks(context, session))];
  for (const one of all) checks.push(...(await checksOf(session, one)));
  return {
    operation: 'cleanup',
    title: `Put back what was cleaned up of ${some(names)}`,
    subject: names.join(','),
    danger: 'type-name',
    writes: true,
    server: context.place,
    input: { ...run.input },
    facts: [
      { label: 'Run', value: `${run.id}, ${run.started_at.slice(0, 16)}Z: ${run.subject}` },
      ...all.map(({ manifest, directory, noted }) => ({
        label: shown(noted.task.table),
        value: `${count(manifest.rows)} rows from ${directory}, every checksum verified`,
      })),
    ],
    checks,
    steps: all.flatMap((one) => [
      ...partitionSteps(one, run),
      ...(one.place === undefined ? [] : [putStep(one, one.place, run, context)]),
    ]),
    locks: [{ family: 'cleanup', database: session.server.database }],
    consequence: `${plural(rows, 'row')} of ${some(names)} come back. What has the same key by now stays.`,
    reaches: () => all.map(stateOf).join(' '),
    leaves: () =>
      all.every(({ done }) => done.put === 0)
        ? `No row of ${some(names)} was put back.`
        : `${all.map(stateOf).join(' ')} To go on: pgdeck cleanup restore ${run.id}`,
  };
}

/** Every byte of the archives is looked at before anything is touched. */
async function returningOf(run: Run, session: Session): Promise<Returning[]> {
  const tables = await session.run(orphanTables, undefined);
  const found: Returning[] = [];
  for (const noted of notedTasks(run.facts)) {
    const directory = noted.archive?.directory;
    if (directory === undefined) continue;
    const manifest = await manifestOf(directory, run, noted);
    if (manifest === undefined) continue;
    if (manifest.ended_at === null) throw cleanupErrors.unsettled({ run: run.id });
    await verifiedRows(directory);
    const { schema, name } = noted.task.table;
    const table = tables.find((one) => one.schema === schema && one.name === name);
    const unique = table === undefined ? [] : await session.run(uniqueKeys, { oid: table.oid });
    const place: Place | undefined = table && {
      ...{ table, directory, manifest, prefix: noted.prefix, emptied: [] },
      identity: unique.find(({ not_null, immediate }) => not_null && immediate)?.columns,
    };
    found.push({ noted, directory, manifest, table, place, done: { put: 0, kept: 0 } });
  }
  return found;
}

async function checksOf(session: Session, { noted, table, manifest }: Returning): Promise<Check[]> {
  const name = shown(noted.task.table);
  const checks: Check[] = [];
  const block = (title: string, detail: string) => checks.push({ title, status: 'block', detail });
  if (table === undefined) {
    block('Table', `${name} is gone. The rows stay in the archive.`);
    return checks;
  }
  const there = new Map((await session.run(tableColumns, { oid: table.oid })).map((one) => [one.name, one]));
  for (const one of manifest.columns) {
    const now = there.get(one.name);
    if (now?.type === one.type && now.generated === one.generated) continue;
    block(
      'Columns',
      `${one.name} of ${name} was ${one.type}, and ${now === undefined ? 'is gone' : `is ${now.type}`}: the rows would not be what they were.`,
    );
  }
  const [facts] = await session.run(tableFacts, { oid: table.oid, event: 'insert' });
  if (facts?.row_security)
    block(
      'Row security',
      `Policies hide rows of ${name} from ${session.server.user}. Connect as a role with BYPASSRLS.`,
    );
  if (facts !== undefined && facts.triggers.length > 0)
    checks.push({
      title: 'Triggers',
      status: 'warn',
      detail: `${plural(facts.triggers.length, 'trigger')} of ${name} would fire: ${some(facts.triggers)}. Where one changes a row, that part is rolled back.`,
    });
  return checks;
}

const createSql = ({ schema, name, parent, bound }: RowsPartition) =>
  `CREATE TABLE IF NOT EXISTS ${quoteRelation({ schema, name })} PARTITION OF ${quoteRelation(parent)} ${bound}`;

/** Partitions that were dropped are made again: without them there is no place for their rows. */
function partitionSteps({ manifest, place }: Returning, run: Run): Step[] {
  const { partitions = [] } = manifest;
  if (place === undefined || partitions.length === 0) return [];
  return [
    {
      id: `partitions:${shown(place.table)}`,
      title: `Make ${plural(partitions.length, 'partition')} of ${shown(place.table)} again`,
      preview: partitions.map((one) => `${createSql(one)};`).join('\n'),
      effect: `everybody who uses ${shown(place.table)} waits for a moment`,
      atomic: false,
      waits: true,
      run: async (io) => {
        io.record({ undo_of: run.id });
        const session = await rowsSession(io);
        for (const one of partitions) {
          io.signal.throwIfAborted();
          await session.sql(createSql(one));
          if (one.owner === session.server.user) continue;
          await session
            .sql(`ALTER TABLE ${quoteRelation(one)} OWNER TO ${quoteIdent(one.owner)}`)
            .catch(() => io.line(`${shown(one)} belonged to ${one.owner}, and does not now.`, 'stderr'));
        }
      },
    },
  ];
}

function putStep(one: Returning, place: Place, run: Run, { journal }: OpContext): Step {
  const { parts, rows } = place.manifest;
  const { done } = one;
  const name = shown(place.table);
  return {
    id: `put:${name}`,
    title: `Put ${plural(rows, 'row')} of ${name} back, part by part`,
    preview: putPreview(place),
    effect: 'reads and writes of other rows continue',
    atomic: false,
    run: async (io: StepIo) => {
      io.record({ undo_of: run.id });
      const session = await rowsSession(io);
      // as it is now: one that was planned at the same time may have done it by now
      const before = listRuns(journal).filter(({ id, facts }) => facts.undo_of === run.id && id !== io.run);
      const there = await alreadyPut(session, before, place.prefix);
      // what nobody referred to went first, and what it refers to has to be there before it
      for (const part of parts.toReversed()) {
        io.signal.throwIfAborted();
        const known = there.get(part.file);
        const put =
          known === undefined
            ? await putPart(io, session, place, part)
            : { rows: known, kept: part.rows - known };
        done.put += put.rows;
        done.kept += put.kept;
        io.progress({ label: '', done: done.put + done.kept, of: rows, unit: 'rows' });
      }
      if (done.put + done.kept !== rows)
        throw cleanupErrors.notThere({ table: name, rows, found: done.put + done.kept });
      io.line(
        `${plural(done.put, 'row')} of ${name} ${done.put === 1 ? 'is' : 'are'} back, and the checksum of each part is what it was.`,
      );
    },
  };
}

/** Parts that a run before has put back, with their rows: of its last one it can be in doubt. Throws {@link OpError}. */
async function alreadyPut(
  session: Session,
  before: readonly Run[],
  prefix: string,
): Promise<Map<string, number>> {
  const files = new Map<string, number>();
  for (const run of before) {
    const puts = [...notedPuts(run.facts, prefix)];
    for (const [at, [file, { xid, rows }]] of puts.entries())
      if (at < puts.length - 1 || (await wasCommitted(session, xid, file))) files.set(file, rows);
  }
  return files;
}

function stateOf({ noted, directory, done }: Returning): string {
  const name = shown(noted.task.table);
  const back = `${plural(done.put, 'row')} of ${name} ${done.put === 1 ? 'is' : 'are'} back.`;
  if (done.kept === 0) return back;
  return `${back} ${plural(done.kept, 'row')} ${done.kept === 1 ? 'stays' : 'stay'} in the archive ${directory}.`;
}
