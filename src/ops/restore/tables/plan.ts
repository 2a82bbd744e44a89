import { displayName, quoteIdent } from '../../../db/ident.ts';
import { bytes, moment, plural } from '../../../text/units.ts';
import { keyOf } from '../../archive/roots.ts';
import { poolerChecks } from '../../database/pooler.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Check, Plan, ResultTable, Step } from '../../engine/plan.ts';
import { thereChecks } from '../../programs/there.ts';
import type { Backup } from '../../repository/repository.ts';
import { type RestoreSource, readSource } from '../source/source.ts';
import { bytesChecks, compareBytes, countedOf } from './bytes.ts';
import { TablesOutcome } from './outcome.ts';
import { passRows, withReadable } from './pass.ts';
import { prepare } from './prepare.ts';
import { keyChecks, losses, outcomeTable, redirectsOf } from './preview.ts';
import { recordOf } from './recover.ts';
import { watchRows } from './rows/progress.ts';
import type { Told } from './rows/run.ts';
import type { Readable } from './rows/source.ts';
import { tablesSafety } from './safety.ts';
import {
  applying,
  LOCK_TIMEOUT,
  opening,
  previewing,
  readersWait,
  scriptText,
  type Task,
  tangles,
} from './sql/script.ts';
import type { Mode } from './unit.ts';

export { MODES, type Mode } from './unit.ts';

export interface TablesInput {
  /** As typed: `orders`, `app.orders`, `"Mixed Case"."T"`. */
  readonly tables: readonly string[];
  readonly mode: Mode;
  /** Directory of the repository, for the safety backup. */
  readonly dir?: string | undefined;
  /** Back the tables up first. */
  readonly safety: boolean;
  /** Name of the backup, where it is restored although it is damaged. */
  readonly accept_damaged?: string | undefined;
  /** Although there seems to be no room for that. */
  readonly ignoreSpace?: boolean;
}

/** Bytes of rows up to which they are counted beforehand: the backup is read for it as for the restore. */
const PREVIEW_BYTES = 4 * 1024 ** 3;

const WORDS: Readonly<Record<Mode, string>> = {
  replace: 'they hold then what the backup holds, and nothing else',
  merge: 'rows of the backup are put back, rows that came later stay',
  skip_existing: 'only rows that are missing are added',
};

/**
 * Puts chosen tables of a backup back into the live database, in one transaction of one session.
 *
 * The numbers in the plan come from the backup's rows themselves, loaded into temporary tables and compared with the
 * live ones; before the comparison the transaction is made read-only, and it is rolled back. A run that ends in ROLLBACK
 * instead would lock rows, write WAL, fire what fires and move sequences. What only the run can tell is whether another
 * key or a foreign key stands against it: then everything is rolled back.
 *
 * Throws {@link ../../error.ts OpError} for a backup that cannot be read and names that it does not have; DbError.
 */
export async function tablesPlan(input: TablesInput, context: OpContext, backup: Backup): Promise<Plan> {
  const session = await context.session();
  const { server } = session;
  const { database } = context.target;
  const { source, checks: sourceChecks } = await readSource(context, server, backup);
  const checks: Check[] = [
    ...(source === undefined ? [] : await bytesChecks(input, backup, source.bytes)),
    ...nameChecks(backup, database),
    ...(await poolerChecks(context, session)),
    ...sourceChecks,
    ...(source === undefined ? [] : await thereChecks(context, session, source.clients)),
  ];
  const base = {
    ...{ leaves: () => undefined, reaches: () => 'Nothing was changed.' },
    operation: 'restore',
    title: `Restore ${input.tables.length === 1 ? input.tables[0] : `${input.tables.length} tables`} of ${database} from ${backup.id}`,
    subject: database,
    danger:
      input.mode === 'skip_existing' && !input.ignoreSpace ? ('confirm' as const) : ('type-name' as const),
    writes: true,
    server: context.place,
    input: { backup: backup.id, ...input },
    locks: [{ family: 'restore', database }],
  };
  const [state] = await session.sql(
    "SELECT pg_is_in_recovery() AS standby, has_database_privilege(current_database(), 'TEMP') AS temp",
  );
  if (state?.standby === true)
    checks.push({
      title: 'Server',
      status: 'block',
      detail: 'It is a standby, which cannot be written. Connect to its primary.',
    });
  if (state?.temp !== true)
    checks.push({
      title: 'Temporary tables',
      status: 'block',
      detail: `This role may not make them. As its owner, run: GRANT TEMPORARY ON DATABASE ${quoteIdent(database)} TO ${quoteIdent(server.user)}`,
    });
  if (source === undefined || checks.some(({ status }) => status === 'block'))
    return { ...base, facts: facts(context, backup, input.mode), checks, steps: [] };
  const { clients } = source;
  const tables: ResultTable[] = [];
  const task = await withReadable(source, {}, async (readable) => {
    const counted = { ...readable, backup: countedOf(input, backup) };
    const { tables: names, mode } = input;
    const prepared = await prepare(context, session, clients, counted, names, mode, source.foreign);
    checks.push(...prepared.checks);
    if (!checks.some(({ status }) => status === 'block'))
      tables.push(...(await foretold(context, source, readable, prepared.task, checks)));
    return prepared.task;
  });
  const safety = await tablesSafety(context, session, clients, task, input);
  checks.push(...safety.checks);
  const outcome = new TablesOutcome();
  return {
    ...base,
    facts: facts(context, backup, input.mode),
    tables,
    checks,
    reaches: () => `${reached(input.mode, backup.id)} ${safety.kept() ?? ''}`.trim(),
    leaves: (failure) => [outcome.leaves(failure), safety.kept()].filter(Boolean).join(' '),
    steps: [...safety.steps, restoreStep(context, source, task, input, outcome)],
    consequence: consequence(task, tables, input.safety),
    ...(safety.undo && { undo: safety.undo }),
  };
}

function reached(mode: Mode, id: string): string {
  switch (mode) {
    case 'replace':
      return `The tables are as in ${id}.`;
    case 'merge':
      return `The tables have the rows of ${id}, as they are in it, and those that came later.`;
    case 'skip_existing':
      return `The tables have the rows of ${id} that were missing; those that were there are as they were.`;
  }
}

function facts({ place }: OpContext, backup: Backup, mode: Mode): Plan['facts'] {
  return [
    { label: 'Database', value: place },
    {
      label: 'Backup',
      value: `${backup.id} of ${moment(backup.createdAt)}, ${bytes(backup.bytes)}`,
    },
    { label: 'Mode', value: `${mode}: ${WORDS[mode]}` },
  ];
}

function nameChecks(backup: Backup, database: string): Check[] {
  if (backup.database === null || backup.database === database) return [];
  return [
    {
      title: 'Backup',
      status: 'warn',
      detail: `It is of the database ${backup.database}, not of ${database}.`,
    },
  ];
}

/** The counts, and checks of what they tell. */
async function foretold(
  context: OpContext,
  source: RestoreSource,
  readable: Readable,
  task: Task,
  checks: Check[],
): Promise<ResultTable[]> {
  if (task.units.length === 0) return [outcomeTable('What will happen', task, [])];
  const { blocks, redirects } = redirectsOf(task, false);
  const read = blocks.map(({ table }) => table);
  const size = sizeOf(source.backup, read);
  if (size > PREVIEW_BYTES) {
    checks.push({
      title: 'Counts',
      status: 'warn',
      detail: `The rows take ${bytes(size)}: they are not counted beforehand. The run says what it did.`,
    });
    return [];
  }
  const told = await passRows(context, source, readable, read, 'pgdeck-plan', {
    redirects,
    opening: scriptText(opening(task, false)),
    closing: scriptText(previewing(task, redirects.length)),
  });
  const { deleted, blocked } = losses(task, told);
  if (deleted > 0)
    checks.push({ title: 'Rows', status: 'warn', detail: `${plural(deleted, 'row')} will be deleted.` });
  if (blocked.length > 0)
    checks.push({
      title: 'Foreign keys',
      status: 'block',
      detail: `Rows that would be deleted are referred to by ${blocked.join(', ')}. Choose those tables too, or use --mode merge.`,
    });
  checks.push(...keyChecks(task, told));
  return [outcomeTable('What will happen', task, told)];
}

/** Bytes of the rows; of a backup without a manifest, a guess from the whole. */
function sizeOf(backup: Backup, tables: readonly { schema: string; name: string }[]): number {
  const { manifest } = backup;
  if (manifest === undefined) return backup.bytes;
  const wanted = new Set(tables.map(keyOf));
  return manifest.tables
    .filter((one) => wanted.has(keyOf(one)))
    .reduce((sum, { copy_bytes, bytes: size }) => sum + (copy_bytes ?? size), 0);
}

function consequence(task: Task, tables: readonly ResultTable[], safety: boolean): string {
  const { units, gone } = task;
  const kept = !safety && units.length > 0 ? ' There will be no backup of what they hold now.' : '';
  const made = gone.length > 0 ? ` ${gone.map(({ shown }) => shown).join(', ')} will be made again.` : '';
  const counted =
    tables.length === 0 && units.length > 0 ? ' How many rows change is not known beforehand.' : '';
  return `${waiting(task)}${made}${counted}${kept}`;
}

/** Who has to wait for whom while the rows are put in; not while they are read from the backup. */
function waiting(task: Task): string {
  const { units, mode } = task;
  const all = readersWait(task);
  if (all.length > 0) return `Readers and writers of ${all.join(', ')} wait while the rows are inserted.`;
  const exchanged = units.filter((unit) => tangles(task, unit)).map(({ shown }) => shown);
  if (exchanged.length > 0)
    return `Writers to these tables, and sessions that add rows referring to ${exchanged.join(', ')}, wait while the rows are inserted; readers continue.`;
  const triggers = units.some(({ live }) => live.triggers.length > 0);
  if ((mode === 'skip_existing' && !triggers) || units.length === 0) return 'No other session waits.';
  return 'Writers to these tables wait while the rows are inserted; readers continue.';
}

function restoreStep(
  context: OpContext,
  source: RestoreSource,
  task: Task,
  input: TablesInput,
  outcome: TablesOutcome,
): Step {
  const { blocks, redirects } = redirectsOf(task, true);
  const { backup, bytes: contents } = source;
  const before = scriptText(opening(task, true));
  const after = scriptText(applying(task, redirects.length));
  return {
    id: 'tables',
    title: `Put the rows of ${[...task.units, ...task.gone].map(({ shown }) => shown).join(', ')} back`,
    preview: `${before}-- rows of ${backup.id}: ${blocks
      .map(({ table }) => displayName(table.schema, table.name))
      .join(', ')}\n${after}`,
    waits: true,
    atomic: true,
    effect: `one transaction, locks are waited for up to ${LOCK_TIMEOUT}. ${waiting(task)}`,
    run: async (io) => {
      const read = blocks.map(({ table }) => table);
      await compareBytes(io, input, backup, contents, read);
      const watched = watchRows(io, task);
      let told: Told[];
      try {
        told = await withReadable(source, io, (readable) =>
          passRows(context, source, readable, read, io.applicationName, {
            redirects,
            opening: before,
            closing: after,
            signal: io.signal,
            onTold: ({ count, value }) => {
              if (count !== 'transaction') return;
              outcome.begun(recordOf(value));
              io.record(recordOf(value));
            },
          }),
        );
      } catch (error) {
        await outcome.ask(io);
        throw error;
      } finally {
        await watched.stop();
      }
      io.result(outcomeTable('What was done', task, told));
    },
  };
}
