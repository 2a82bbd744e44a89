import { z } from 'zod';
import type { Run } from '../engine/journal/runs.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Plan } from '../engine/plan.ts';
import { toldPlan } from '../engine/told.ts';
import { transactionFate } from '../rows/queries/tables.ts';

const runningSchema = z.object({ file: z.string(), transactional: z.boolean(), database: z.string() });
const ranSchema = z.object({ xid: z.string().nullish(), kept: z.number().optional(), of: z.number() });

/** What became of a file whose run did not come to its end. */
export interface FileFate {
  /** `part`: some of it is committed, or may be. `unknown`: all of it or nothing, and nobody knows which. */
  readonly kind: 'committed' | 'nothing' | 'part' | 'unknown';
  /** The same in a sentence without its subject. */
  readonly text: string;
}

/** What a killed run has done: one transaction, of which the server says what became; or so many statements. */
export async function recoverFile(run: Run, context: OpContext): Promise<Plan | undefined> {
  const running = runningSchema.safeParse(run.facts.running_sql).data;
  const fate = await fateOfFile(run, context);
  if (running === undefined || fate === undefined) return undefined;
  const name = running.file.split('/').at(-1) ?? running.file;
  const told = { title: `What became of ${name}`, subject: name, value: fate.text };
  return { ...toldPlan(context, run, told), reaches: () => `${name}: ${fate.text}` };
}

/** Undefined where the file was not begun. Throws DbError where the database cannot be reached. */
export async function fateOfFile(run: Run, context: OpContext): Promise<FileFate | undefined> {
  const running = runningSchema.safeParse(run.facts.running_sql).data;
  if (running === undefined) return undefined;
  const ran = ranSchema.safeParse(run.facts.ran_sql).data;
  if (!running.transactional) {
    const kept = ran?.kept ?? 0;
    const text =
      kept === 0
        ? 'at most its first statement was done: look at the data.'
        : `statements 1–${kept} of ${ran?.of} are committed; the one after may be, look at the data.`;
    return { kind: ran !== undefined && kept === ran.of ? 'committed' : 'part', text };
  }
  if (ran === undefined) return { kind: 'nothing', text: 'all of it was rolled back.' };
  if (ran.xid == null) return { kind: 'nothing', text: 'it has written nothing.' };
  const [row] = await (await context.session(running.database))
    .run(transactionFate, { xid: ran.xid })
    .catch(() => []);
  if (row?.fate === 'committed') return { kind: 'committed', text: 'all of it is committed.' };
  if (row?.fate === 'aborted') return { kind: 'nothing', text: 'all of it was rolled back.' };
  return {
    kind: 'unknown',
    text: 'all of it was committed or nothing; which of the two the server no longer says.',
  };
}
