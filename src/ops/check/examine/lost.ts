import { DbError } from '../../../db/errors.ts';
import { quoteIdent, quoteRelation } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import { plural } from '../../../text/units.ts';
import { FROM_TABLE, type Method } from '../methods.ts';
import { relationFile } from '../queries/amcheck.ts';
import type { Part } from '../scope.ts';
import { type Finding, saysDamaged, wordsOf } from '../verdict.ts';

type Count = Extract<Method, { id: 'count' }>;

/**
 * So that an index counts where it can: all other ways to the rows of a table go by the table. What is switched off is
 * so dear to the planner that it would compile it.
 */
const BY_INDEX = [
  'enable_seqscan = off',
  'enable_bitmapscan = off',
  'enable_indexonlyscan = on',
  'jit = off',
];

async function byIndex<T>(session: Session, work: () => Promise<T>): Promise<T> {
  for (const setting of BY_INDEX) await session.sql(`SET ${setting}`);
  try {
    return await work();
  } finally {
    if (!session.lost)
      for (const setting of BY_INDEX) await session.sql(`RESET ${setting.replace(/ .*/, '')}`);
  }
}

interface Node {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly Plans?: readonly Node[];
}

const below = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(below)];

/** The index that would count; undefined where the two numbers would not come by an index and by the table. */
async function counting(session: Session, part: Part, sql: string): Promise<Part | undefined> {
  const [row] = await session.sql(`EXPLAIN (FORMAT JSON) ${sql}`);
  const plan = row?.['QUERY PLAN'] as readonly { readonly Plan: Node }[] | undefined;
  const reading = (plan ?? [])
    .flatMap((one) => below(one.Plan))
    .filter((node) => node['Node Type'].includes('Scan'));
  const [first, second, ...more] = reading;
  if (more.length > 0 || second?.['Node Type'] !== 'Seq Scan') return undefined;
  if (first?.['Node Type'] !== 'Index Only Scan') return undefined;
  return part.knownBy?.find(({ name }) => name === first['Index Name']);
}

/**
 * Compares what an index knows of a table with what is there: rows that are missing are the table's loss, rows that the
 * index does not know are its own fault. Throws DbError.
 */
export async function compared(session: Session, part: Part, method: Count): Promise<Finding> {
  return byIndex(session, async () => {
    const index = await counting(session, part, method.sql);
    const told = (verdict: Finding['verdict'], text: string, of = part): Finding => ({
      ...{ part: of, verdict, method: method.name, text },
    });
    if (index === undefined) return told('not checked', 'the server counts it by no B-tree index');
    const [row] = await session.sql(method.sql);
    const lost = Number(row?.known) - Number(row?.there);
    if (lost > 0)
      return told(
        'damaged',
        `${plural(lost, 'row')} that ${index.name} knows ${lost === 1 ? 'is' : 'are'} gone, as of pages that were emptied or cut off`,
      );
    if (lost < 0) return told('damaged', `it lacks ${plural(-lost, 'row')} of its table`, index);
    return told('ok', '');
  });
}

/** Whose damage it is that keeps the rows from being counted: the file that the server names. Throws DbError. */
export async function blamed(
  session: Session,
  part: Part,
  { name: method }: Count,
  error: DbError,
): Promise<Finding> {
  for (const index of part.knownBy ?? []) {
    const [file] = await session.run(relationFile, { oid: index.oid });
    if (file?.path != null && new RegExp(`${file.path}(?!\\d)`).test(error.message))
      return { part: index, verdict: 'damaged', method, text: wordsOf(error) };
  }
  return { part, verdict: 'damaged', method, text: wordsOf(error) };
}

/** The primary keys of rows that are gone, as far as an index can be read: so many at most. Throws DbError. */
export async function lostKeys(
  session: Session,
  { schema, name, table }: Part,
  most: number,
): Promise<string[]> {
  if (table.key === null) return [];
  const columns = table.key.map((column) => `r.${quoteIdent(column)}`).join(', ');
  const shown = table.key.map((column) => `(r.${quoteIdent(column)})::text`).join(', ');
  const from = `FROM ONLY ${quoteRelation({ schema, name })} AS r`;
  return byIndex(session, async () => {
    try {
      const rows = await session.sql(
        `SELECT concat_ws(', ', ${shown}) AS key FROM (SELECT ${columns} ${from} EXCEPT ALL SELECT ${columns} ${from} WHERE ${FROM_TABLE}) r ORDER BY ${columns} LIMIT ${most}`,
      );
      return rows.map((row) => String(row.key));
    } catch (error) {
      if (error instanceof DbError && saysDamaged(error)) return [];
      throw error;
    }
  });
}
