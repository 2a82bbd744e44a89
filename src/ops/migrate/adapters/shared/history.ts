import { z } from 'zod';
import { displayName, quoteRelation } from '../../../../db/ident.ts';
import type { Session } from '../../../../db/session.ts';

/** How the history table of a tool is known, and what it has to say. */
export interface Signature {
  /** Id of the adapter that drives the tool, or the tool's name where none does. */
  readonly tool: string;
  readonly table: string;
  /** Columns that it must have. */
  readonly columns: readonly string[];
  /** Columns that it must not have: another tool's of the same name. */
  readonly without?: readonly string[];
  /** SQL of the version or name. */
  readonly version: string;
  /** SQL of the time it was applied, a timestamptz. */
  readonly at?: string;
  /** The same where the column has no zone: it is that of whoever wrote it, and is not known. */
  readonly localAt?: string;
  /** Rows that count as applied. */
  readonly where?: string;
  /** SQL of the order of application. */
  readonly order: string;
  /** SQL of the number that those have in common that were applied together, which the tool takes back together. */
  readonly batch?: string;
}

export const SIGNATURES: readonly Signature[] = [
  {
    tool: 'alembic',
    table: 'alembic_version',
    columns: ['version_num'],
    version: 'version_num',
    order: '1',
  },
  {
    tool: 'aerich',
    table: 'aerich',
    columns: ['id', 'version', 'app', 'content'],
    version: `app || '/' || version`,
    order: 'id',
  },
  {
    tool: 'dbmate',
    table: 'schema_migrations',
    columns: ['version'],
    without: ['dirty'],
    version: 'version',
    order: 'version',
  },
  {
    tool: 'golang-migrate',
    table: 'schema_migrations',
    columns: ['version', 'dirty'],
    version: 'version',
    where: 'NOT dirty',
    order: 'version',
  },
  {
    tool: 'node-pg-migrate',
    table: 'pgmigrations',
    columns: ['id', 'name', 'run_on'],
    version: 'name',
    localAt: 'run_on',
    order: 'run_on, id',
  },
  {
    tool: 'knex',
    table: 'knex_migrations',
    columns: ['id', 'name', 'batch'],
    version: 'name',
    at: 'migration_time::timestamptz',
    order: 'id',
    batch: 'batch',
  },
  { tool: 'sequelize', table: 'SequelizeMeta', columns: ['name'], version: 'name', order: 'name' },
  {
    tool: 'prisma',
    table: '_prisma_migrations',
    columns: ['migration_name', 'finished_at', 'rolled_back_at'],
    version: 'migration_name',
    at: 'finished_at',
    where: 'finished_at IS NOT NULL AND rolled_back_at IS NULL',
    order: 'finished_at',
  },
  {
    tool: 'drizzle',
    table: '__drizzle_migrations',
    columns: ['id', 'hash', 'created_at'],
    version: 'hash',
    order: 'created_at, id',
  },
  {
    tool: 'kysely',
    table: 'kysely_migration',
    columns: ['name', 'timestamp'],
    version: 'name',
    at: '"timestamp"::timestamptz',
    order: 'name',
  },
  {
    tool: 'typeorm',
    table: 'migrations',
    columns: ['id', 'timestamp', 'name'],
    version: 'name',
    order: 'id',
  },
  {
    tool: 'django',
    table: 'django_migrations',
    columns: ['id', 'app', 'name', 'applied'],
    version: `app || '/' || name`,
    at: 'applied',
    order: 'id',
  },
];

/** A history table that is there. */
export interface HistoryTable {
  readonly signature: Signature;
  readonly schema: string;
  readonly table: string;
  /** Others like it in other schemas, as a person writes them. */
  readonly others: readonly string[];
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

const tableRows = z.array(
  z.object({ schema: z.string(), table: z.string(), visible: z.boolean(), columns: z.array(z.string()) }),
);

/** The history tables of these tools in the database: the one that the search path finds first. Reads the catalog. */
export async function findHistories(
  session: Session,
  signatures: readonly Signature[] = SIGNATURES,
  named: HistoryName = {},
): Promise<HistoryTable[]> {
  const names = named.table === undefined ? signatures.map(({ table }) => table) : [named.table];
  const found = tableRows.parse(
    await session.sql(
      `SELECT n.nspname::text AS schema, c.relname::text AS "table", pg_table_is_visible(c.oid) AS visible,
              array_agg(a.attname::text) AS columns
       FROM pg_class c
       JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       WHERE c.relkind IN ('r', 'p') AND c.relname = ANY ($1::text[])
         AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
         AND ($2::text IS NULL OR n.nspname = $2)
       GROUP BY n.nspname, c.relname, c.oid
       ORDER BY visible DESC, n.nspname = 'public' DESC, n.nspname`,
      [names, named.schema ?? null],
    ),
  );
  return signatures.flatMap((signature): HistoryTable[] => {
    const fitting = found.filter(
      ({ table, columns }) =>
        table === (named.table ?? signature.table) &&
        signature.columns.every((column) => columns.includes(column)) &&
        !signature.without?.some((column) => columns.includes(column)),
    );
    const [first, ...rest] = fitting;
    if (first === undefined) return [];
    const { schema, table } = first;
    return [
      { signature, schema, table, others: rest.map((other) => displayName(other.schema, other.table)) },
    ];
  });
}

/** The history table of one tool; undefined when there is none. */
export async function findHistory(
  session: Session,
  tool: string,
  named: HistoryName = {},
): Promise<HistoryTable | undefined> {
  const [found] = await findHistories(
    session,
    SIGNATURES.filter((signature) => signature.tool === tool),
    named,
  );
  return found;
}

const appliedRows = z.array(
  z.object({ version: z.string(), applied_at: z.string().nullable(), batch: z.number().nullable() }),
);

/** What a history says is applied, in the order of application as far as it is known. */
export async function readApplied(session: Session, history: HistoryTable): Promise<Applied[]> {
  const { signature, schema, table } = history;
  const { version, where, order, batch = 'NULL' } = signature;
  return appliedRows.parse(
    await session.sql(
      `SELECT (${version})::text AS version, ${timeOf(signature)} AS applied_at,
              (${batch})::int AS batch
       FROM ${quoteRelation({ schema, name: table })}${where === undefined ? '' : ` WHERE ${where}`}
       ORDER BY ${order}`,
    ),
  );
}

function timeOf({ at, localAt }: Signature): string {
  const format = 'YYYY-MM-DD"T"HH24:MI:SS.MS';
  if (at !== undefined) return `to_char((${at}) AT TIME ZONE 'UTC', '${format}"Z"')`;
  return localAt === undefined ? 'NULL::text' : `to_char(${localAt}, '${format}')`;
}
