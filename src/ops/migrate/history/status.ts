import { createHash } from 'node:crypto';
import type { Session } from '../../../db/session.ts';
import type { Host } from '../../../hosts/host.ts';
import { plural } from '../../../text/units.ts';
import { migrateErrors } from '../errors.ts';
import type { Migration } from '../files/migration.ts';
import type { Migrations } from '../files/migrations.ts';
import { readMigrations } from '../files/read.ts';
import { formatNamed, formatOf, type MigrationFormat, tableOf } from '../formats/registry.ts';
import type { FormatReader } from '../formats/shared/format.ts';
import { isRepeatable } from '../formats/shared/repeatable.ts';
import type { Item, Problem, State, Status, Where } from '../types.ts';
import type { History, HistoryAccess } from './history.ts';
import { formatsIn, readHistory } from './read.ts';
import type { AppliedRow, DirtyRow } from './rows.ts';

/** Files, history and what they say together, as they were at one moment. */
export interface StatusOfFiles extends HistoryAccess {
  readonly files: Migrations;
  readonly status: Status;
}

/** A directory, and the host that it is on. */
type Reading = Pick<Where, 'host' | 'directory' | 'format'>;

/** Why the adapter `sql` thinks that it is its directory; undefined when there are no SQL migrations in it. */
export async function detectSql({ host, directory, format: asked }: Reading): Promise<string | undefined> {
  const found = await readMigrations(host, directory, formatNamed(asked));
  const { format, migrations, problems, evidence } = found;
  if (format === undefined || (asked && migrations.length + problems.length === 0)) return undefined;
  const why = evidence === undefined ? '' : ` (${evidence})`;
  return `${migrations.length} ${migrations.length === 1 ? 'file' : 'files'} of ${formatOf(format).title} in ${directory}${why}`;
}

/** What is applied and what is not. Reads only, makes no table. Throws DbError, OpError. */
export async function readStatus(where: Reading & Pick<Where, 'session'>): Promise<Status> {
  return (await readAll(where)).status;
}

/** The same, with what a plan is made of. */
export async function readAll({
  host,
  session,
  directory,
  format,
}: Reading & Pick<Where, 'session'>): Promise<StatusOfFiles> {
  const found = await settled(session, host, directory, formatNamed(format));
  const { history, ledger } = await readHistory(session, found);
  const files = { ...found, migrations: withBaseline(found, history) };
  return { files, history, ledger, status: statusOf(files, history) };
}

/**
 * The files, as those of the tool that keeps its history in the database, where several could have written them and
 * nothing else says. Throws OpError where the project says one and the database another.
 */
async function settled(
  session: Session,
  host: Host,
  directory: string,
  asked: MigrationFormat | undefined,
): Promise<Migrations> {
  const found = await readMigrations(host, directory, asked);
  if (found.rivals.length === 0) return found;
  const there = await formatsIn(session);
  if (found.format !== undefined && there.includes(found.format)) return found;
  const [rival, ...more] = found.rivals.filter((name) => there.includes(name));
  if (rival === undefined) return found;
  if (found.evidence !== undefined || more.length > 0)
    throw migrateErrors.twoTools({
      directory,
      formats: [found.format ?? [], rival, more].flat(),
      evidence: found.evidence,
      table: tableOf(rival),
    });
  return readMigrations(host, directory, rival);
}

/**
 * The migrations that this database is to have. A baseline of Flyway stands for all up to its version where nothing is
 * applied yet, the newest one of several; where something is, only one that was applied then.
 */
function withBaseline({ migrations, reader }: Migrations, history: History): readonly Migration[] {
  const baselines = migrations.filter(({ kind }) => kind === 'baseline');
  if (baselines.length === 0 || reader === undefined) return migrations;
  const held = new Set([...history.applied, ...history.dirty].map(({ version }) => version));
  const fresh = ![...held].some((version) => !isRepeatable(version));
  const chosen = fresh ? baselines.at(-1) : baselines.findLast(({ version }) => held.has(version));
  const last = chosen && { ...chosen, version: chosen.version.slice(1) };
  return migrations.filter((one) => {
    if (one.kind === 'baseline') return one === chosen;
    return last === undefined || held.has(one.version) || reader.compare(one, last) > 0;
  });
}

/** Compares the files with the history. */
export function statusOf(files: Migrations, history: History): Status {
  const applied = new Map(history.applied.map((row) => [row.version, row]));
  const dirty = new Map(history.dirty.map((row) => [row.version, row]));
  const { reader } = files;
  const known = new Set(files.migrations.map(({ version }) => version));
  const missing = [...applied.values()].filter(({ version }) => !known.has(version));
  const lost = [...dirty.values()].filter(({ version }) => !known.has(version));
  const last = latest(files.migrations, applied);
  const items = [
    ...files.migrations.map((migration, at) =>
      itemOf(migration, applied.get(migration.version), dirty.get(migration.version), at < last),
    ),
    ...missing.map(withoutFile),
    ...lost.map((row): Item => ({ ...withoutFile(row), state: 'dirty' })),
  ];
  const ordered = reader ? items.sort((a, b) => compare(reader, a, b)) : items;
  return {
    tool: 'sql',
    current:
      ordered.findLast(({ state, version }) => HOLDS.has(state) && !isRepeatable(version))?.version ?? null,
    items: ordered,
    problems: [
      ...files.problems,
      ...ordered.flatMap((item) => problemOf(item, dirty.get(item.version), files.directory)),
      ...[history.refusal, ...history.notes].flatMap((message) =>
        message === undefined ? [] : [{ kind: 'tool' as const, version: null, message }],
      ),
    ],
  };
}

const HOLDS: ReadonlySet<State> = new Set<State>(['applied', 'changed', 'missing_file']);

/** A sum of a status: another one means that something has changed since. */
export function statusHash({ items }: Status, files: Migrations): string {
  const sums = files.migrations.map(({ version, up, down }) => [version, up.checksum, down?.checksum]);
  return createHash('sha256')
    .update(JSON.stringify([items, sums]))
    .digest('hex');
}

function latest(migrations: readonly Migration[], applied: ReadonlyMap<string, AppliedRow>): number {
  return migrations.findLastIndex(({ version, kind }) => kind !== 'repeatable' && applied.has(version));
}

function itemOf(
  migration: Migration,
  row: AppliedRow | undefined,
  dirty: DirtyRow | undefined,
  followed: boolean,
): Item {
  const { version, name, file, down, kind } = migration;
  const state = (): State => {
    if (dirty) return 'dirty';
    if (kind === 'repeatable') return row && !isChanged(migration, row) ? 'applied' : 'pending';
    if (row) return isChanged(migration, row) ? 'changed' : 'applied';
    return followed ? 'out_of_order' : 'pending';
  };
  return {
    version,
    name,
    state: state(),
    reversible: down !== undefined && down.error === undefined,
    applied_at: row?.applied_at ?? null,
    file,
  };
}

/** Sums that were made in different ways say nothing. */
function isChanged({ up, sums }: Migration, row: AppliedRow): boolean {
  if (row.sum !== null && sums.length > 0) return !sums.includes(row.sum);
  if (row.checksum === null) return false;
  const how = (sum: string) => sum.slice(0, sum.indexOf(':'));
  return how(row.checksum) === how(up.checksum) && row.checksum !== up.checksum;
}

function withoutFile(row: Pick<AppliedRow, 'version' | 'name'> & Partial<AppliedRow>): Item {
  return {
    version: row.version,
    name: row.name ?? '',
    state: 'missing_file',
    reversible: false,
    applied_at: row.applied_at ?? null,
    file: null,
  };
}

/** Versions that another tool wrote need not be of this format's kind: those come last. */
function compare(reader: FormatReader, a: Item, b: Item): number {
  const placed = ({ version, name, file }: Item) => ({ version, file: file ?? `${version}_${name}.sql` });
  const isVersion = reader.isVersion ?? ((version: string) => /^\d+$/.test(version));
  const odd = (item: Item) => (isVersion(item.version) ? 0 : 1);
  return odd(a) - odd(b) || (odd(a) === 1 ? 0 : reader.compare(placed(a), placed(b)));
}

function problemOf(item: Item, dirty: DirtyRow | undefined, directory: string): Problem[] {
  const { version, state, file, applied_at: at } = item;
  const problem = (message: string): Problem[] => [{ kind: state, version, message }];
  switch (state) {
    case 'dirty':
      return problem(dirtyMessage(item, dirty, directory));
    case 'changed':
      return problem(
        `${file} is not what was applied${at === null ? '' : ` on ${at.slice(0, 10)}`}; put the old text back, or take the new one for it with pgdeck migrate repair.`,
      );
    case 'missing_file':
      return problem(
        `${version} is applied and has no file in ${directory}; get the file back (another branch?), or take it out of the history with pgdeck migrate repair.`,
      );
    case 'out_of_order':
      return problem(
        `${file} is not applied, though a later one is; see whether it still fits, then pgdeck migrate up applies it.`,
      );
    default:
      return [];
  }
}

function dirtyMessage({ version, file }: Item, row: DirtyRow | undefined, directory: string): string {
  const way = row?.direction ? ` going ${row.direction}` : '';
  const far =
    row?.done === null || row?.done === undefined
      ? ''
      : ` after ${row.done} of ${row.of === null ? '?' : plural(row.of, 'statement')}`;
  const begun = `${version} was begun${way} and not finished${far}`;
  return file === null
    ? `${begun}, and there is no file of it in ${directory}; get the file back (another branch?), or take it out of the history with pgdeck migrate repair.`
    : `${begun}; pgdeck migrate repair shows and repairs it.`;
}
