import { z } from 'zod';
import type { Session } from '../../../db/session.ts';
import type { Fact } from '../../engine/plan.ts';

/** What a restore of tables records before it commits. */
const factsSchema = z.object({ tables: z.object({ transaction: z.string().regex(/^\d+$/) }) });

/** What becomes of the journal when the server knows the transaction's number. */
export function recordOf(transaction: number): z.output<typeof factsSchema> {
  return { tables: { transaction: String(transaction) } };
}

const MEANING: Readonly<Record<string, string>> = {
  committed: 'were restored, wholly: the transaction was committed',
  aborted: 'are as they were: the transaction was rolled back',
  'in progress': 'are being restored: the transaction is still open, and ends with its session',
};

/** The number of the transaction; undefined when the run had not come so far. */
export function factsOfTables(facts: Readonly<Record<string, unknown>>): string | undefined {
  const recorded = factsSchema.safeParse(facts);
  return recorded.success ? recorded.data.tables.transaction : undefined;
}

/** `committed`, `aborted`, `in progress`; undefined when it is too long ago. Throws DbError. */
export async function statusOf(session: Session, transaction: string): Promise<string | undefined> {
  const [row] = await session.sql('SELECT pg_xact_status($1::text::xid8) AS status', [transaction]);
  return typeof row?.status === 'string' ? row.status : undefined;
}

/**
 * What became of the tables of a run that was killed, by its transaction: all of them were restored, or none. Undefined
 * when the run had not come so far, or is too long ago for the server to tell.
 */
export async function tablesFact(
  facts: Readonly<Record<string, unknown>>,
  session: Session,
): Promise<Fact | undefined> {
  const transaction = factsOfTables(facts);
  if (transaction === undefined) return undefined;
  const meaning = MEANING[String(await statusOf(session, transaction))];
  return meaning === undefined ? undefined : { label: 'Tables', value: meaning };
}
