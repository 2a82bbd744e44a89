import { quoteRelation } from '../../../../db/ident.ts';
import type { Session } from '../../../../db/session.ts';
import { appliedRow, type HistoryTool, hasColumnsOf, isoOf, textOf } from '../../formats/shared/ledger.ts';
import { tablesOf } from '../../formats/tables.ts';
import { historyTables } from '../../queries/tables.ts';

/** SQL of what a table says, for a tool whose history is only read. */
interface Told extends Pick<HistoryTool, 'tableName' | 'columns'> {
  /** The version or name. */
  readonly version: string;
  /** The time it was applied, a timestamptz; not that of a version or a file. */
  readonly at?: string;
  /** The order of application. */
  readonly order: string;
  /** The number that those have in common that were applied together, which the tool takes back together. */
  readonly batch?: string;
}

/** The history of a tool that alone writes it. */
export const readOnly = ({ tableName, columns, version, at, order, batch }: Told): HistoryTool => ({
  tableName,
  columns,
  read: async (session, table) => {
    const rows = await session.sql(
      `SELECT (${version})::text AS version, ${at === undefined ? 'NULL::text' : isoOf(`(${at})`)} AS at, (${batch ?? 'NULL'})::int AS batch
       FROM ${table} ORDER BY ${order}`,
    );
    return {
      applied: rows.map((row) => {
        const key = String(row.version);
        const applied_at = textOf(row.at);
        return appliedRow({
          ...{ version: key, key, applied_at },
          ...(row.batch !== null && { batch: Number(row.batch) }),
        });
      }),
      dirty: [],
    };
  },
});

/** A history table that is there. */
export interface FoundHistory<Tool extends HistoryTool = HistoryTool> {
  readonly tool: Tool;
  readonly schema: string;
  readonly table: string;
}

/** A row of a history. */
export interface Applied {
  readonly version: string;
  /** ISO 8601; null where the table does not say. */
  readonly applied_at: string | null;
  /** What it was applied with; null where the tool does not keep that. */
  readonly batch: number | null;
}

/** Where a table of another name or in a certain schema is to be looked for. */
export interface HistoryName {
  readonly schema?: string | undefined;
  readonly table?: string | undefined;
}

/** The history tables of these tools in the database: the one that the search path finds first. Reads the catalog. */
export async function findHistories<Tool extends HistoryTool>(
  session: Session,
  tools: readonly Tool[],
  named: HistoryName = {},
): Promise<FoundHistory<Tool>[]> {
  const nameOf = ({ tableName }: HistoryTool) => named.table ?? tableName;
  const found = await session.run(historyTables, { names: [...new Set(tools.map(nameOf))], columns: [] });
  return tools.flatMap((tool): FoundHistory<Tool>[] => {
    // its settings may name another schema than the usual one
    const elsewhere = found.filter(
      (one) =>
        one.name === nameOf(tool) &&
        hasColumnsOf(tool, one.columns) &&
        (named.schema === undefined ? tool.schema !== undefined : one.schema === named.schema),
    );
    const usual = named.schema === undefined ? tablesOf({ ...tool, tableName: nameOf(tool) }, found) : [];
    const [first] = [...usual, ...elsewhere];
    return first === undefined ? [] : [{ tool, schema: first.schema, table: first.name }];
  });
}

/** The history table of one tool; undefined when there is none. */
export async function findHistory(
  session: Session,
  tool: HistoryTool,
  named: HistoryName = {},
): Promise<FoundHistory | undefined> {
  return (await findHistories(session, [tool], named))[0];
}

/** What a history says is applied, in the order of application as far as it is known; by what the tool calls it. */
export async function readApplied(
  session: Session,
  { tool, schema, table }: FoundHistory,
): Promise<Applied[]> {
  const around = { migrations: [], directory: '', others: [] };
  const { applied } = await tool.read(session, quoteRelation({ schema, name: table }), around);
  return applied.map(({ key, applied_at, batch = null }) => ({ version: key, applied_at, batch }));
}
