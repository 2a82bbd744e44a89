import { DbError } from '../../../db/errors.ts';
import { quoteIdent, quoteRelation } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import { migrateErrors } from '../errors.ts';
import type { Migrations } from '../files/migrations.ts';
import { FORMATS, formatOf, type MigrationFormat } from '../formats/registry.ts';
import type { Format, FormatReader } from '../formats/shared/format.ts';
import { appliedRow, type Entries, type LedgerTool } from '../formats/shared/ledger.ts';
import { isPlaceOf, tablesOf } from '../formats/tables.ts';
import { currentSchema, type HistoryTable, historyTables } from '../queries/tables.ts';
import { COMPANION, type CompanionRow, readCompanion } from './companion.ts';
import type { History, HistoryAccess, Stranger } from './history.ts';
import type { AppliedRow, DirtyRow } from './rows.ts';
import { writer } from './write.ts';

type Known = Format<MigrationFormat>;

/**
 * Finds the history that belongs to the files and reads it; makes nothing. Files of a tool whose table is not there yet
 * get that table when they are first run, so that the tool can go on from there. Throws DbError, and OpError where a
 * table may not be read.
 */
export async function readHistory(session: Session, files: Migrations): Promise<HistoryAccess> {
  const asked = files.format && placed(formatOf(files.format), files.reader);
  const found = await tablesIn(session, asked);
  const notes: string[] = [];
  const mine = found.filter(({ name }) => name === COMPANION);
  const first = choose(asked, found, notes);
  const choice =
    asked === undefined || first.table !== undefined
      ? first
      : { ...first, table: await renamed(session, asked, found, files) };
  const { table } = choice;
  const usual = choice.format?.ledger;
  const schema = table?.schema ?? usual?.schema ?? mine[0]?.schema ?? (await schemaToUse(session));
  const ownSchema = usual?.companionSchema ?? schema;
  const companion = mine.find((one) => one.schema === ownSchema) ?? mine[0];
  for (const one of [table, companion])
    if (one && !one.readable) {
      const { schema, name } = one;
      throw migrateErrors.unreadable({ schema, name, user: session.server.user });
    }
  for (const one of [table, companion])
    if (one?.hidden) throw migrateErrors.rowsHidden({ ...one, user: session.server.user });
  const own = companion ?? { schema: ownSchema, name: COMPANION };
  const rows = companion ? await readCompanion(session, quoteRelation(own)) : [];
  const ours = rows.filter(({ applied_at: at }) => at !== null).map(({ version }) => version);
  const kept = table === undefined && usual?.formerlyOurs && ours.length > 0;
  const format = kept ? undefined : choice.format;
  const tool = format?.ledger;
  const relation = tool ? (table ?? { schema, name: tool.tableName }) : own;
  const around = { migrations: files.migrations, directory: files.directory, others: ours };
  const said =
    tool && table
      ? await tool.read(session, quoteRelation(relation), around).catch((error) => {
          if (!isUnlike(error)) throw error;
          throw migrateErrors.unlike({ ...table, tool: format.title, why: error.message }, error);
        })
      : undefined;
  if (table && usual?.schema === undefined) notes.push(...(await elsewhere(session, table)));
  const entries =
    said && tool
      ? laidOver(tool, said, rows)
      : tool
        ? { applied: [], dirty: dirtyOf(rows) }
        : ownEntries(rows);
  const history: History = {
    kind: format?.name ?? 'pgdeck',
    table: quoteRelation(relation),
    relations: tool ? [relation, own] : [own],
    exists: tool ? table !== undefined : companion !== undefined,
    companion: companion !== undefined,
    refusal: format && refusalOf(format, found, table),
    ...(table === undefined && { stranger: await strangerOf(session, asked, found, files.directory) }),
    notes,
    ...entries,
  };
  return { history, ledger: writer(tool, relation, own, files) };
}

/** Formats whose tool keeps its history in this database. Throws DbError. */
export async function formatsIn(session: Session): Promise<readonly MigrationFormat[]> {
  const found = await tablesIn(session);
  return FORMATS.filter(({ ledger }) => tablesOf(ledger, found).length > 0).map(({ name }) => name);
}

/** Tables of every tool, and of `asked` also those that may be its own under another name. */
const tablesIn = (session: Session, asked?: Known): Promise<HistoryTable[]> =>
  session.run(historyTables, {
    names: [
      ...new Set([...FORMATS, ...(asked ? [asked] : [])].map(({ ledger }) => ledger.tableName)),
      COMPANION,
    ],
    columns: asked?.ledger.renamable ?? [],
  });

/** The format with its history where the project's settings put it. */
function placed(format: Known, reader: FormatReader | undefined): Known {
  const { schema = format.ledger.schema, tableName = format.ledger.tableName } = reader?.history ?? {};
  return { ...format, ledger: { ...format.ledger, tableName, ...(schema !== undefined && { schema }) } };
}

/** A table under another name whose rows are of these files, by their sums. Throws DbError, and OpError for two. */
async function renamed(
  session: Session,
  { ledger }: Known,
  found: readonly HistoryTable[],
  { migrations, directory }: Migrations,
): Promise<HistoryTable | undefined> {
  const sums = new Set(migrations.flatMap(({ sums: all }) => all));
  const fitting: HistoryTable[] = [];
  for (const one of found) {
    if (!ledger.renamable?.includes(one.columns.join(',')) || !one.readable) continue;
    const { applied } = await ledger.read(session, quoteRelation(one), { migrations, directory, others: [] });
    if (applied.some(({ sum }) => sum !== null && sums.has(sum))) fitting.push(one);
  }
  if (fitting.length > 1) throw migrateErrors.twoHistories({ tables: fitting.map(quoteRelation) });
  return fitting[0];
}

interface LedgerChoice {
  /** Undefined: our own table is the history. */
  readonly format: Known | undefined;
  readonly table: HistoryTable | undefined;
}

function choose(own: Known | undefined, found: readonly HistoryTable[], notes: string[]): LedgerChoice {
  const kin = FORMATS.filter((format) => own?.kin?.includes(format.name));
  const candidates = own === undefined ? FORMATS : [own, ...kin];
  for (const format of candidates) {
    const [table, ...others] = tablesOf(format.ledger, found);
    if (table === undefined) continue;
    if (others.length > 0)
      notes.push(
        `${quoteRelation(table)} is read; there is a table of that name in ${others.map((o) => o.schema).join(', ')}, too.`,
      );
    return { format, table };
  }
  for (const stranger of strangersTo(own)) {
    const [table] = tablesOf(stranger.ledger, found);
    if (table !== undefined)
      notes.push(
        `The database has ${quoteRelation(table)} of ${stranger.title}, and the files are written for ${own?.title}.`,
      );
  }
  return { format: own, table: undefined };
}

/** Formats whose tool does not keep the history of such files. */
const strangersTo = (own: Known | undefined): readonly Known[] =>
  own === undefined ? [] : FORMATS.filter(({ name }) => name !== own.name && !own.kin?.includes(name));

/**
 * The history of another tool where objects are made, or in `public`: one in a schema apart is often that of a service
 * beside, such as `auth` of Supabase. Throws DbError.
 */
async function strangerOf(
  session: Session,
  own: Known | undefined,
  found: readonly HistoryTable[],
  directory: string,
): Promise<Stranger | undefined> {
  const here = ['public', await schemaToUse(session)];
  for (const { title, ledger } of strangersTo(own)) {
    const [one] = tablesOf(ledger, found).filter(({ schema }) => here.includes(schema));
    if (one === undefined || !one.readable || one.hidden) continue;
    const table = quoteRelation(one);
    const { applied } = await ledger
      .read(session, table, { migrations: [], directory, others: [] })
      .catch((error) => {
        if (!isUnlike(error)) throw error;
        // not as the tool makes it: an application's own
        return { applied: [] };
      });
    if (applied.length > 0) return { table, title, applied: applied.length };
  }
  return undefined;
}

function refusalOf(
  { title, ledger }: Known,
  found: readonly HistoryTable[],
  table: HistoryTable | undefined,
): string | undefined {
  if (table !== undefined) return undefined;
  const taken = found.find((one) => isPlaceOf(ledger, one));
  const unfit = taken && ledger.unfit?.(taken.columns);
  if (taken && unfit !== undefined) return `${quoteRelation(taken)} ${unfit}`;
  return taken
    ? `${quoteRelation(taken)} is not a table of ${title} (its columns are ${taken.columns.join(', ')}); use the directory that belongs to it, or another database.`
    : ledger.absent;
}

async function schemaToUse(session: Session): Promise<string> {
  const [row] = await session.run(currentSchema, undefined);
  return row?.schema ?? 'public';
}

/** What the server says where columns are not of the types that the tool makes. */
const isUnlike = (error: unknown): error is DbError =>
  error instanceof DbError && /^(?:22|42(?!501))/.test(error.code ?? '');

/** A tool that works in a schema of its own makes there what names none, and pgdeck would not. */
async function elsewhere(session: Session, table: HistoryTable): Promise<string[]> {
  const here = await schemaToUse(session);
  if (table.schema === here) return [];
  return [
    `${quoteRelation(table)} is not in ${quoteIdent(here)}, where a statement without a schema's name makes its objects; if the tool works in ${quoteIdent(table.schema)}, set search_path for this role or connection.`,
  ];
}

const dirtyOf = (rows: readonly CompanionRow[]): DirtyRow[] => rows.flatMap(({ dirty }) => dirty ?? []);

function ownEntries(rows: readonly CompanionRow[]): Entries {
  const applied = rows.filter((row) => row.applied_at !== null && row.dirty === undefined);
  return { applied: applied.map((row) => appliedRow({ ...row, key: row.version })), dirty: dirtyOf(rows) };
}

/** The tool says what is applied, our table what it has no column for. */
function laidOver(tool: LedgerTool, said: Entries, rows: readonly CompanionRow[]): Entries {
  const known = new Map(rows.map((row) => [row.version, row]));
  const dirty = dirtyOf(rows);
  const isDirty = (version: string) => dirty.some((row) => row.version === version);
  const applied = said.applied
    .filter(({ version }) => !isDirty(version))
    .map((row): AppliedRow => {
      const own = known.get(row.version);
      if (own === undefined) return row;
      return {
        ...row,
        name: row.name ?? own.name,
        applied_at: own.applied_at ?? row.applied_at,
        checksum: own.checksum,
        applied_by: own.applied_by ?? row.applied_by,
        execution_ms: own.execution_ms ?? row.execution_ms,
      };
    });
  // a mark of the tool is ours where we have one, also where the tool marks the version that a way down leads to
  const foreign = dirty.length > 0 ? [] : said.dirty;
  return {
    applied: tool.newestOnly ? withReached(applied, said, dirty) : applied,
    dirty: [...dirty, ...foreign],
  };
}

/** A tool that holds the newest version only marks the one that a way down leads to: that one is applied. */
function withReached(applied: AppliedRow[], said: Entries, dirty: readonly DirtyRow[]): AppliedRow[] {
  const down = dirty.some(({ direction }) => direction === 'down');
  const reached = said.dirty.filter(({ version }) => down && !dirty.some((row) => row.version === version));
  return [...applied, ...reached.map(({ version }) => appliedRow({ version, key: version }))];
}
