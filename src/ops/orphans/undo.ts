import { fullName, quoteIdent } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import { exact, plural } from '../../text/units.ts';
import { type RowsManifest, readManifest } from '../archive/rows/manifest.ts';
import { verifiedRows } from '../archive/rows/reader.ts';
import { listRuns, type Run } from '../engine/journal/runs.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Check, Plan, Step, StepIo } from '../engine/plan.ts';
import { serverChecks } from '../maintain/checks.ts';
import { notedParts, notedPuts, wasCommitted } from '../rows/noted.ts';
import { type Place, putPart, putPreview } from '../rows/put.ts';
import { type ForeignKey, uniqueKeys } from '../rows/queries/keys.ts';
import { deferrable, type OrphanTable, tableColumns, tableFacts } from '../rows/queries/tables.ts';
import { rowsSession } from '../rows/session.ts';
import { orphansErrors } from './errors.ts';
import { type KeyFacts, readFacts } from './facts.ts';
import { inventory, shown } from './key.ts';
import { addSql, alter, commentSql, dropSql, findKey, isSame, LOCK_SECONDS } from './run/constraint.ts';

const WAIT_SECONDS = 60;

/** What a run of undo does, as its steps share it. */
interface Undoing {
  readonly run: Run;
  readonly key: KeyFacts;
  readonly oids: readonly number[];
  readonly found: ForeignKey | undefined;
  readonly place: Place | undefined;
  /** Runs that have begun to take it back before. */
  readonly before: readonly Run[];
  readonly done: { put: number; kept: number; dropped: boolean };
}

/** Puts the rows back that a run has taken out, and makes its key what it was. Throws {@link OpError}. */
export async function undoOrphans(run: Run, context: OpContext): Promise<Plan> {
  const { key, archive } = readFacts(run.facts);
  if (key === undefined) throw orphansErrors.nothingToUndo({ run: run.id });
  const session = await context.session();
  const all = await inventory(session);
  const table = all.tables.find(({ schema, name }) => schema === key.schema && name === key.table);
  const found = await findKey(session, key);
  const before = listRuns(context.journal).filter(({ facts }) => facts.undo_of === run.id);
  const manifest = archive ? await manifestOf(archive.directory, run) : undefined;
  const place =
    table === undefined || !archive || manifest === undefined || manifest.rows === 0
      ? undefined
      : await placeOf(session, table, key, { directory: archive.directory, manifest });
  const undoing: Undoing = {
    ...{ run, key, found, place, before },
    oids: [...(table ? [table.oid] : []), ...(found ? [found.parent_oid] : [])],
    done: { put: 0, kept: 0, dropped: false },
  };
  const name = fullName(key.schema, key.table);
  return {
    operation: 'orphans',
    title: `Undo what was done to ${name}`,
    subject: name,
    danger: 'type-name',
    writes: true,
    server: context.place,
    input: { ...run.input },
    facts: [
      { label: 'Run', value: `${run.id}, ${run.started_at.slice(0, 16)}Z: ${run.subject}` },
      {
        label: 'Key',
        value: `${key.name} goes back to: ${key.was === 'missing' ? 'not there' : 'NOT VALID'}`,
      },
      {
        label: 'Rows',
        value: place
          ? `${exact(place.manifest.rows)} from ${place.directory}, every checksum verified`
          : 'none',
      },
    ],
    checks: [...(await serverChecks(context, session)), ...(await undoChecks(session, undoing, table))],
    steps: stepsOf(undoing),
    locks: [{ family: 'orphans', database: session.server.database }],
    consequence: place
      ? `${plural(place.manifest.rows, 'row')} of ${name} come back that refer to nothing, and ${key.name} no longer keeps others out meanwhile.`
      : `${key.name} is ${key.was === 'missing' ? 'dropped' : 'NOT VALID again'}.`,
    reaches: () => stateOf(undoing),
    leaves: () => {
      const { put, dropped } = undoing.done;
      if (put === 0 && !dropped) return `${name} was not touched.`;
      const said = [
        put > 0 ? `${plural(put, 'row')} of ${name} are back.` : '',
        dropped ? `${key.name} is dropped.` : '',
      ];
      return [...said, `To go on: pgdeck undo ${run.id}`].filter(Boolean).join(' ');
    },
  };
}

/** Every byte of the archive is looked at before anything is touched. Throws {@link OpError}. */
async function manifestOf(directory: string, run: Run): Promise<RowsManifest | undefined> {
  // killed before there was a first row
  if (
    notedParts(run.facts).length === 0 &&
    (await readManifest(directory).catch(() => undefined)) === undefined
  )
    return undefined;
  if ((await readManifest(directory)).ended_at === null) throw orphansErrors.unsettled({ run: run.id });
  return verifiedRows(directory);
}

async function placeOf(
  session: Session,
  table: OrphanTable,
  key: KeyFacts,
  archive: Pick<Place, 'directory' | 'manifest'>,
): Promise<Place> {
  const unique = await session.run(uniqueKeys, { oid: table.oid });
  const [late] = await session.run(deferrable, { oid: table.oid });
  return {
    ...archive,
    table,
    prefix: '',
    ...(late?.any === true && { keys: unique.map(({ columns }) => columns) }),
    identity: unique.find(({ not_null, immediate }) => not_null && immediate)?.columns,
    emptied: key.columns,
  };
}

async function undoChecks(
  session: Session,
  { key, found, place }: Undoing,
  table: OrphanTable | undefined,
): Promise<Check[]> {
  const name = fullName(key.schema, key.table);
  const checks: Check[] = [];
  const block = (title: string, detail: string) => checks.push({ title, status: 'block', detail });
  if (table === undefined) block('Table', `${name} is gone. The rows stay in the archive.`);
  if (found !== undefined && !isSame(found, key))
    block(
      'Key',
      `${key.name} of ${name} is not what the run has made: somebody has changed it. Drop or rename it first.`,
    );
  if (table === undefined || place === undefined) return checks;
  const columns = await session.run(tableColumns, { oid: table.oid });
  const there = new Map(columns.map((one) => [one.name, one]));
  for (const one of place.manifest.columns) {
    const now = there.get(one.name);
    if (now?.type === one.type && now.generated === one.generated) continue;
    block(
      'Columns',
      `${one.name} was ${one.type}, and ${now === undefined ? 'is gone' : `is ${now.type}`}: the rows would not be what they were.`,
    );
  }
  const kept = new Set(place.manifest.columns.map((one) => one.name));
  const lacking = columns.filter((one) => one.not_null && !one.filled && !kept.has(one.name));
  if (place.manifest.what === 'deleted' && lacking.length > 0)
    block(
      'Columns',
      `${lacking.map((one) => one.name).join(', ')} came after the run, NOT NULL and without a default: the rows have no value for ${lacking.length === 1 ? 'it' : 'them'}. Give ${lacking.length === 1 ? 'it a default' : 'them defaults'}, or drop the NOT NULL, for the time of the undo.`,
    );
  if (place.manifest.what === 'set_null' && place.identity === undefined)
    block('Rows', `${name} has no primary key any more, by which they could be found.`);
  const event = place.manifest.what === 'deleted' ? 'insert' : 'update';
  const [facts] = await session.run(tableFacts, { oid: table.oid, event });
  if (facts?.may_stage === false)
    block(
      'Rights',
      `${session.server.user} may not create temporary tables, through which the rows come back: GRANT TEMPORARY ON DATABASE ${quoteIdent(session.server.database)} TO ${quoteIdent(session.server.user)}`,
    );
  if (facts?.row_security)
    block(
      'Row security',
      `Policies hide rows of ${name} from ${session.server.user}. Connect as a role with BYPASSRLS.`,
    );
  if (facts !== undefined && facts.triggers.length > 0)
    checks.push({
      title: 'Triggers',
      status: 'warn',
      detail: `${plural(facts.triggers.length, 'trigger')} of ${name} would fire: ${facts.triggers.join(', ')}. Where one changes a row, it is rolled back.`,
    });
  return checks;
}

function stepsOf(undoing: Undoing): Step[] {
  const { key, found, place, before } = undoing;
  // one that somebody else has dropped is not made again
  const ours = found !== undefined || before.some(({ facts }) => readFacts(facts).dropped !== undefined);
  const drops = found !== undefined && (place !== undefined || key.was === 'missing' || found.valid);
  return [
    ...(drops ? [dropStep(undoing)] : []),
    ...(place === undefined ? [] : [putStep(undoing, place)]),
    ...(key.was === 'not_valid' && ours ? [backStep(undoing)] : []),
  ];
}

/** A key that is there, NOT VALID too, lets no row in that breaks it. */
function dropStep({ run, key, oids, done }: Undoing): Step {
  const sql = dropSql(key);
  return {
    id: 'drop',
    title: `Drop ${key.name}`,
    preview: `SET lock_timeout = '${LOCK_SECONDS}s';\n${sql};`,
    effect: 'everybody who uses the tables waits for a moment',
    atomic: true,
    run: async (io) => {
      io.record({ undo_of: run.id, dropped: key });
      const session = await rowsSession(io);
      const now = await findKey(session, key);
      if (now === undefined) return;
      if (!isSame(now, key))
        throw orphansErrors.otherKey({ key: key.name, table: fullName(key.schema, key.table) });
      await alter(io, session, {
        ...{ sql, table: { schema: key.schema, name: key.table }, oids },
        ...{ mode: 'AccessExclusiveLock', wait: WAIT_SECONDS },
      });
      done.dropped = true;
      io.crashPoint('drop:done');
    },
  };
}

function putStep(undoing: Undoing, place: Place): Step {
  const { run, done } = undoing;
  const { parts, rows, what } = place.manifest;
  return {
    id: 'put',
    title: `${what === 'deleted' ? 'Put' : 'Give'} ${plural(rows, 'row')} of ${shown(place.table)} ${what === 'deleted' ? 'back' : 'their values back'}, part by part`,
    preview: putPreview(place),
    effect: 'reads and writes of other rows continue',
    atomic: false,
    run: async (io) => {
      io.record({ undo_of: run.id });
      const session = await rowsSession(io);
      const there = await alreadyPut(session, undoing.before);
      for (const part of parts) {
        io.signal.throwIfAborted();
        if (there.has(part.file)) {
          done.put += part.rows;
          continue;
        }
        const put = await putPart(io, session, place, part);
        done.put += put.rows;
        done.kept += put.kept;
        io.progress({ label: '', done: done.put + done.kept, of: rows, unit: 'rows' });
      }
    },
  };
}

/** Parts that a run before has put back: of its last one it can be in doubt. Throws {@link OpError}. */
async function alreadyPut(session: Session, before: readonly Run[]): Promise<Set<string>> {
  const files = new Set<string>();
  for (const run of before) {
    const puts = [...notedPuts(run.facts)];
    for (const [at, [file, { xid }]] of puts.entries())
      if (at < puts.length - 1 || (await wasCommitted(session, xid, file))) files.add(file);
  }
  return files;
}

function backStep({ run, key, oids, done }: Undoing): Step {
  const sql = [addSql(key, false), ...(key.comment === null ? [] : [commentSql(key, key.comment)])].join(
    ';\n',
  );
  return {
    id: 'back',
    title: `Make ${key.name} again as it was, NOT VALID`,
    preview: `SET lock_timeout = '${LOCK_SECONDS}s';\n${sql};`,
    effect: 'writers to the tables wait for a moment',
    atomic: true,
    run: async (io: StepIo) => {
      io.record({ undo_of: run.id });
      const session = await rowsSession(io);
      if ((await findKey(session, key)) !== undefined) return;
      await alter(io, session, {
        ...{ sql, table: { schema: key.schema, name: key.table }, oids },
        ...{ mode: 'ShareRowExclusiveLock', wait: WAIT_SECONDS },
      });
      done.dropped = false;
    },
  };
}

function stateOf({ key, place, done }: Undoing): string {
  const name = fullName(key.schema, key.table);
  const rows =
    place === undefined
      ? []
      : [`${plural(done.put, 'row')} of ${name} ${done.put === 1 ? 'is' : 'are'} back.`];
  const kept =
    done.kept === 0
      ? []
      : [
          `${plural(done.kept, 'row')} ${done.kept === 1 ? 'stays' : 'stay'} in the archive ${place?.directory}.`,
        ];
  return [...rows, ...kept, `${key.name} is ${key.was === 'missing' ? 'gone' : 'NOT VALID'}.`].join(' ');
}
