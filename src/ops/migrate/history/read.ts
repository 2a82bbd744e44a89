import { quoteRelation } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import { migrateErrors } from '../errors.ts';
import type { MigrationFormat, Migrations } from '../files/migration.ts';
import { currentSchema, type HistoryTable, historyTables } from '../queries/tables.ts';
import { COMPANION, type CompanionRow, readCompanion } from './companion.ts';
import type { AppliedRow, DirtyRow, History, HistoryAccess } from './history.ts';
import { dbmateLedger } from './ledgers/dbmate.ts';
import { flywayLedger } from './ledgers/flyway.ts';
import { golangMigrateLedger } from './ledgers/golang-migrate.ts';
import { gooseLedger } from './ledgers/goose.ts';
import { appliedRow, type Entries, type LedgerTool } from './ledgers/ledger.ts';
import { nodePgMigrateLedger } from './ledgers/node-pg-migrate.ts';
import { writer } from './write.ts';

const TOOLS: readonly LedgerTool[] = [
  golangMigrateLedger,
  dbmateLedger,
  nodePgMigrateLedger,
  gooseLedger,
  flywayLedger,
];

/** Whose tables files of a format may be written into, the usual one first; none: ours alone. */
const LEDGERS_OF: Readonly<Record<MigrationFormat, readonly LedgerTool[]>> = {
  dbmate: [dbmateLedger],
  // node-pg-migrate can be told to take pairs of files, too
  'golang-migrate': [golangMigrateLedger, nodePgMigrateLedger],
  'node-pg-migrate': [nodePgMigrateLedger],
  goose: [gooseLedger],
  flyway: [flywayLedger],
};

/**
 * Finds the history that belongs to the files and reads it; makes nothing. Files of a tool whose table is not there yet
 * get that table when they are first run, so that the tool can go on from there. Throws DbError, and OpError where a
 * table may not be read.
 */
export async function readHistory(session: Session, files: Migrations): Promise<HistoryAccess> {
  const found = await session.run(historyTables, [
    ...new Set(TOOLS.map((tool) => tool.tableName)),
    COMPANION,
  ]);
  const notes: string[] = [];
  const mine = found.filter(({ name }) => name === COMPANION);
  const { tool, table } = choose(files.format, found, notes);
  const schema = table?.schema ?? mine[0]?.schema ?? (await schemaToUse(session));
  const companion = mine.find((one) => one.schema === schema) ?? mine[0];
  for (const one of [table, companion])
    if (one && !one.readable) {
      const { schema, name } = one;
      throw migrateErrors.unreadable({ schema, name, user: session.server.user });
    }
  const own = companion ?? { schema, name: COMPANION };
  const relation = tool ? (table ?? { schema, name: tool.tableName }) : own;
  const companionName = quoteRelation(own);
  const rows = companion ? await readCompanion(session, companionName) : [];
  const ledgerName = quoteRelation(relation);
  const ours = rows.filter(({ applied_at: at }) => at !== null).map(({ version }) => version);
  const said = tool && table ? await tool.read(session, ledgerName, files.migrations, ours) : undefined;
  const entries = said
    ? laidOver(said, rows)
    : tool
      ? { applied: [], dirty: dirtyOf(rows) }
      : ownEntries(rows);
  const history: History = {
    kind: tool?.kind ?? 'pgdeck',
    table: ledgerName,
    relations: tool ? [relation, own] : [own],
    exists: tool ? table !== undefined : companion !== undefined,
    companion: companion !== undefined,
    refusal: tool ? refusalOf(tool, found) : undefined,
    notes,
    ...entries,
  };
  return { history, ledger: writer(tool, ledgerName, companionName, files.migrations) };
}

interface LedgerChoice {
  /** Undefined: our own table is the history. */
  readonly tool: LedgerTool | undefined;
  readonly table: HistoryTable | undefined;
}

function choose(
  format: MigrationFormat | undefined,
  found: readonly HistoryTable[],
  notes: string[],
): LedgerChoice {
  const belongs = (tool: LedgerTool) =>
    found.filter(({ name, columns }) => name === tool.tableName && tool.fits(columns));
  const candidates = format === undefined ? TOOLS : LEDGERS_OF[format];
  for (const tool of candidates) {
    const [table, ...others] = belongs(tool);
    if (table === undefined) continue;
    if (others.length > 0)
      notes.push(
        `${quoteRelation(table)} is read; there is a table of that name in ${others.map((o) => o.schema).join(', ')}, too.`,
      );
    return { tool, table };
  }
  const usual = format === undefined || format === 'flyway' ? undefined : candidates[0];
  const strangers = TOOLS.filter((tool) => !candidates.includes(tool) && belongs(tool).length > 0);
  for (const stranger of strangers)
    notes.push(
      `The database has ${quoteRelation(belongs(stranger)[0] as HistoryTable)} of ${stranger.kind}, and the files are written for ${format}.`,
    );
  return { tool: usual, table: undefined };
}

function refusalOf(tool: LedgerTool, found: readonly HistoryTable[]): string | undefined {
  if (tool.kind === 'flyway')
    return 'The history is in the table of Flyway, which pgdeck only reads; run these migrations with Flyway.';
  const same = found.filter(({ name }) => name === tool.tableName);
  const taken = same.length > 0 && !same.some(({ columns }) => tool.fits(columns)) ? same[0] : undefined;
  return taken
    ? `${quoteRelation(taken)} is not a table of ${tool.kind} (its columns are ${taken.columns.join(', ')}); use the directory that belongs to it, or another database.`
    : undefined;
}

async function schemaToUse(session: Session): Promise<string> {
  const [row] = await session.run(currentSchema, undefined);
  return row?.schema ?? 'public';
}

const dirtyOf = (rows: readonly CompanionRow[]): DirtyRow[] => rows.flatMap(({ dirty }) => dirty ?? []);

function ownEntries(rows: readonly CompanionRow[]): Entries {
  const applied = rows.filter((row) => row.applied_at !== null && row.dirty === undefined);
  return { applied: applied.map((row) => appliedRow({ ...row, key: row.version })), dirty: dirtyOf(rows) };
}

/** The tool says what is applied, our table what it has no column for. */
function laidOver(said: Entries, rows: readonly CompanionRow[]): Entries {
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
  return { applied: withReached(applied, said, dirty), dirty: [...dirty, ...foreign] };
}

/** golang-migrate marks the version that a way down leads to: that one is applied. */
function withReached(applied: AppliedRow[], said: Entries, dirty: readonly DirtyRow[]): AppliedRow[] {
  const down = dirty.some(({ direction }) => direction === 'down');
  const reached = said.dirty.filter(({ version }) => down && !dirty.some((row) => row.version === version));
  return [...applied, ...reached.map(({ version }) => appliedRow({ version, key: version }))];
}
