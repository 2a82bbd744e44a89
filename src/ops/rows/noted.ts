import { z } from 'zod';
import type { Session } from '../../db/session.ts';
import { partitionSchema, type RowsPart, type RowsPartition } from '../archive/rows/manifest.ts';
import { takeErrors } from './errors.ts';
import { transactionFate } from './queries/tables.ts';

/** A transaction that was about to be committed when it was noted. */
const committing = z.object({ xid: z.string().regex(/^\d+$/), rows: z.int() });

const partSchema = committing.extend({
  file: z.string().regex(/^\d{6,}\.csv\.gz$/),
  relation: z.string(),
  bytes: z.int(),
  sha256: z.string(),
  digest: z.string().optional(),
  partition: partitionSchema.optional(),
});

type Facts = Readonly<Record<string, unknown>>;

/** Name of the fact about part `n` that was taken out, or put back. A run that has several archives tells them by `prefix`. */
export const partFact = (n: number, prefix = ''): string => `${prefix}part_${n}`;
export const putFact = (file: string, prefix = ''): string => `${prefix}put_${file}`;

export interface NotedPart extends RowsPart {
  readonly xid: string;
  /** What was dropped with it. */
  readonly partition?: RowsPartition;
}

/** The parts that a run has noted, in their order, from number `first` on. */
export function notedParts(facts: Facts, prefix = '', first = 1): NotedPart[] {
  const parts: NotedPart[] = [];
  for (let n = first; ; n++) {
    const fact = facts[partFact(n, prefix)];
    // one that was rolled back is null, and there is none after it
    if (fact === undefined || fact === null) return parts;
    const { digest, partition, ...part } = partSchema.parse(fact);
    parts.push({ ...part, ...(digest !== undefined && { digest }), ...(partition && { partition }) });
  }
}

/** The parts that a run has noted as about to be put back, with their transactions. */
export function notedPuts(
  facts: Facts,
  prefix = '',
): Map<string, { readonly xid: string; readonly rows: number }> {
  const start = `${prefix}put_`;
  return new Map(
    Object.entries(facts).flatMap(([name, fact]) =>
      name.startsWith(start) && fact !== null ? [[name.slice(start.length), committing.parse(fact)]] : [],
    ),
  );
}

/**
 * Whether a transaction was committed. Throws {@link OpError} where it is still at work, or the server no longer knows.
 */
export async function wasCommitted(session: Session, xid: string, part: string): Promise<boolean> {
  const [row] = await session.run(transactionFate, { xid });
  if (row?.fate === 'committed') return true;
  if (row?.fate === 'aborted') return false;
  throw row?.fate === 'in progress'
    ? takeErrors.stillWorking({ xid })
    : takeErrors.unknownFate({ part, xid });
}

/** Those of the parts whose transaction was committed: of the last one alone it can be in doubt. */
export async function committedParts(
  session: Session,
  facts: Facts,
  prefix = '',
  first = 1,
): Promise<NotedPart[]> {
  const parts = notedParts(facts, prefix, first);
  const last = parts.at(-1);
  if (last === undefined) return [];
  return (await wasCommitted(session, last.xid, last.file)) ? parts : parts.slice(0, -1);
}
