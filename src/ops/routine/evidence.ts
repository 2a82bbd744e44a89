import { z } from 'zod';
import type { RoutineItem } from '../../config/routine.ts';
import type { MaintainTable } from '../../db/queries/maintain/tables.ts';
import { commandWords } from '../engine/fields.ts';
import { newestRuns, type Run } from '../engine/journal/runs.ts';
import { type Here, isOnServer } from '../engine/journal/server.ts';
import type { FindOperation } from '../engine/operation.ts';
import { type Backup, lastProven } from '../repository/repository.ts';
import { isFromFuture, isSafety } from '../repository/safety.ts';
import type { Evidence } from './due.ts';
import { type Meant, meantBy, workText } from './words.ts';

/** What a step of the routine has told of its end; see {@link file://./steps.ts}. */
const outcomeSchema = z.object({ item: z.string(), work: z.string() });

/** Further back nothing is looked for: a quarter, and what may be late. */
const BACK_MS = 120 * 86_400_000;

/** Where it is looked for when items were last done. */
export interface Sources {
  /** Directory of the journal. */
  readonly journal: string;
  readonly here: Here;
  readonly database: string;
  readonly operations: FindOperation;
  /** Backups of the repository; undefined where it cannot be read. */
  readonly backups: readonly Backup[] | undefined;
  /** Tables of the database with their last times; undefined where they were not asked for. */
  readonly tables: readonly MaintainTable[] | undefined;
  /** Ms since 1970. */
  readonly now: number;
}

/** When each item was last done: by the journal, by the manifests of backups, and by the server. By the item's name. */
export async function evidenceOf(
  items: readonly RoutineItem[],
  sources: Sources,
): Promise<ReadonlyMap<string, Evidence>> {
  const meant = new Map<string, Meant>();
  for (const { name, work } of items) {
    const found = work.kind === 'operation' ? await meantBy(work.words, sources.operations) : undefined;
    if (typeof found === 'object') meant.set(name, found);
  }
  const journal = fromJournal(items, meant, sources);
  return new Map(
    items.map(({ name }) => {
      const one = meant.get(name);
      const others = one === undefined ? [] : [fromRepository(one, sources), fromServer(one, sources)];
      return [name, others.reduce(newer, journal.get(name) ?? { doneAt: null })];
    }),
  );
}

/** The one that says that it was done later; what went wrong since then stays. */
function newer(one: Evidence, other: Evidence | undefined): Evidence {
  if (other?.doneAt == null || (one.doneAt !== null && one.doneAt >= other.doneAt)) return one;
  const bad = one.bad !== undefined && one.bad.at > other.doneAt ? one.bad : undefined;
  return { ...other, ...(bad && { bad }) };
}

/** What runs tell: of the routine, and of the same operation by hand. */
function fromJournal(
  items: readonly RoutineItem[],
  meant: ReadonlyMap<string, Meant>,
  { journal, here, database, now }: Sources,
): Map<string, Evidence> {
  const found = new Map<string, Evidence>();
  const done = (name: string, doneAt: number, by: string) => {
    const before = found.get(name);
    if (before?.doneAt == null) found.set(name, { ...before, doneAt, by });
  };
  const bad = (name: string, at: number, text: string) => {
    if (!found.has(name)) found.set(name, { doneAt: null, bad: { at, text } });
  };
  for (const run of newestRuns(journal)) {
    if (now - Date.parse(run.started_at) > BACK_MS) break;
    if (databaseOf(run) !== database || !isOnServer(run, here)) continue;
    for (const item of items) {
      const { name } = item;
      const told = run.operation === 'maintain' ? toldOf(run, item) : undefined;
      if (told?.ok === true) done(name, told.at, `run ${run.id}`);
      else if (told !== undefined) bad(name, told.at, told.text);
      const one = meant.get(name);
      if (one !== undefined && run.status === 'done' && isSame(one, run) && run.ended_at !== null)
        done(name, Date.parse(run.ended_at), `run ${run.id}`);
    }
  }
  return found;
}

/** `user@host:port/database`; undefined for a run that was about a directory. */
function databaseOf({ server }: Pick<Run, 'server'>): string | undefined {
  return /^[^/]*@.*?:\d+\/(.+)$/s.exec(server)?.[1];
}

/** What a run of the routine says of an item; undefined where it did not come to it. */
function toldOf(
  { events, steps, status }: Run,
  item: RoutineItem,
): { readonly at: number; readonly ok: boolean; readonly text: string } | undefined {
  const step = steps.findIndex(({ id }) => id === stepId(item));
  if (step < 0) return toldOfSame(events, item);
  const own = events.filter((event) => event.step === step);
  const finish = own.find(({ type }) => type === 'finish');
  const { item: name, work } = outcomeSchema.safeParse(finish?.outcome?.facts).data ?? {};
  if (finish !== undefined) {
    // the settings have changed since: what was done then was something else
    if (name !== item.name || work !== workText(item)) return undefined;
    return { at: Date.parse(finish.at), ok: finish.ok === true, text: finish.text ?? 'it failed' };
  }
  const start = own.find(({ type }) => type === 'start');
  if (start === undefined || status === 'running') return undefined;
  return { at: Date.parse(start.at), ok: false, text: 'it was begun, and the run was killed' };
}

/** The same operation is done once in a run, whichever item is named by it. */
function toldOfSame(events: Run['events'], item: RoutineItem): ReturnType<typeof toldOf> {
  if (item.work.kind !== 'operation') return undefined;
  const finish = events.find(
    ({ type, ok, outcome }) =>
      type === 'finish' &&
      ok === true &&
      outcomeSchema.safeParse(outcome?.facts).data?.work === workText(item),
  );
  return finish && { at: Date.parse(finish.at), ok: true, text: finish.text ?? 'it was done' };
}

/** The step of an item in plans, and so in the journal. */
export function stepId({ name }: Pick<RoutineItem, 'name'>): string {
  return `item:${name}`;
}

/** Whether a run did what the item does, whoever began it. */
function isSame({ operation, input }: Meant, run: Run): boolean {
  if (run.operation !== operation.id) return false;
  return (
    JSON.stringify(commandWords(operation, input)) === JSON.stringify(commandWords(operation, run.input))
  );
}

/** Good whole backups of the database say when they were made, and when they were last proven. */
function fromRepository(
  { operation, input }: Meant,
  { backups = [], database, here, now }: Sources,
): Evidence | undefined {
  const own = backups.filter((backup) => {
    const { manifest, status, scope, createdAt } = backup;
    const whole = status === 'ok' && scope === 'full' && backup.database === database;
    if (!whole || manifest === undefined || isSafety(backup) || isFromFuture(createdAt, now)) return false;
    const { system_identifier: of } = manifest.server;
    return of === null || here.identifier === undefined || of === here.identifier;
  });
  const proves = operation.id === 'backups verify' && input.id === 'newest' && input.level === 'restore';
  const made = operation.id === 'backup' && commandWords(operation, input).length === 1;
  const times = own.flatMap((backup): { at: number; id: string }[] => {
    if (made) return [{ at: backup.createdAt.getTime(), id: backup.id }];
    const proven = proves ? lastProven(backup) : undefined;
    return proven === undefined ? [] : [{ at: Date.parse(proven.at), id: backup.id }];
  });
  const [newest] = times
    .filter(({ at }) => !isFromFuture(at, now))
    .toSorted((one, other) => other.at - one.at);
  return newest && { doneAt: newest.at, by: newest.id };
}

/** Where each table with rows was vacuumed or analyzed since, by whomever, that is as good. */
function fromServer({ operation, input }: Meant, { tables = [], now }: Sources): Evidence | undefined {
  const { id } = operation;
  if ((id !== 'vacuum' && id !== 'analyze') || input.full === true || input.freeze === true) return undefined;
  if ([input.table, input.schema].some((names) => Array.isArray(names) && names.length > 0)) return undefined;
  const both = id === 'vacuum' && input.analyze === true;
  const ages = tables
    .filter(({ system, kind, rows, dead }) => !system && kind !== 'p' && rows + dead > 0)
    .flatMap((one) => [
      ...(id === 'vacuum' ? [one.vacuum_age_seconds] : []),
      ...(id === 'analyze' || both ? [one.analyze_age_seconds] : []),
    ]);
  if (ages.length === 0 || ages.some((age) => age === null)) return undefined;
  const oldest = Math.max(...ages.map(Number));
  return { doneAt: now - oldest * 1000, by: 'the server: each table was, by autovacuum or by hand' };
}
