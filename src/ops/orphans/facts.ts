import { z } from 'zod';
import type { Session } from '../../db/session.ts';
import type { RowsPart } from '../archive/rows/manifest.ts';
import { orphansErrors } from './errors.ts';
import { transactionFate } from './queries/tables.ts';

/** The key of a run, as it was before and as the run has made it. */
const keySchema = z.object({
  schema: z.string(),
  table: z.string(),
  name: z.string(),
  columns: z.array(z.string()),
  /** Without NOT VALID. */
  definition: z.string(),
  comment: z.string().nullable(),
  /** What it says as data: the server writes it in its own words once it is made. */
  shape: z.string(),
  /** How it was before the run. */
  was: z.enum(['missing', 'not_valid']),
});
export type KeyFacts = z.output<typeof keySchema>;

/** A transaction that was about to be committed when it was noted. */
const committing = z.object({ xid: z.string().regex(/^\d+$/), rows: z.int() });

const partSchema = committing.extend({
  file: z.string().regex(/^\d{6,}\.csv\.gz$/),
  relation: z.string(),
  bytes: z.int(),
  sha256: z.string(),
});

const factsSchema = z.looseObject({
  key: keySchema.optional(),
  archive: z
    .object({ directory: z.string(), what: z.enum(['deleted', 'set_null']), finished: z.boolean() })
    .nullish(),
  /** Of a run of undo: the key was dropped so that rows could come back. */
  dropped: keySchema.optional(),
});

export type Facts = z.output<typeof factsSchema>;

/** What a run of this family has recorded. Throws ZodError for what it has not written. */
export function readFacts(facts: Readonly<Record<string, unknown>>): Facts {
  return factsSchema.parse(facts);
}

/** Name of the fact about part `n` that was taken out, or put back. */
export const partFact = (n: number): string => `part_${n}`;
export const putFact = (file: string): string => `put_${file}`;

export interface NotedPart extends RowsPart {
  readonly xid: string;
}

/** The parts that a run has noted, in their order. */
export function notedParts(facts: Readonly<Record<string, unknown>>): NotedPart[] {
  const parts: NotedPart[] = [];
  for (let n = 1; ; n++) {
    const fact = facts[partFact(n)];
    // one that was rolled back is null, and there is none after it
    if (fact === undefined || fact === null) return parts;
    parts.push(partSchema.parse(fact));
  }
}

/** The parts that a run has noted as about to be put back, with their transactions. */
export function notedPuts(facts: Readonly<Record<string, unknown>>): Map<string, string> {
  return new Map(
    Object.entries(facts).flatMap(([name, fact]) => {
      const file = name.startsWith('put_') ? name.slice('put_'.length) : undefined;
      return file === undefined || fact === null ? [] : [[file, committing.parse(fact).xid] as const];
    }),
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
    ? orphansErrors.stillWorking({ xid })
    : orphansErrors.unknownFate({ part, xid });
}

/** Those of the parts whose transaction was committed: of the last one alone it can be in doubt. */
export async function committedParts(
  session: Session,
  facts: Readonly<Record<string, unknown>>,
): Promise<NotedPart[]> {
  const parts = notedParts(facts);
  const last = parts.at(-1);
  if (last === undefined) return [];
  return (await wasCommitted(session, last.xid, last.file)) ? parts : parts.slice(0, -1);
}
