import { z } from 'zod';
import { partitionSchema, type RowsPartition } from '../archive/rows/manifest.ts';
import type { Run } from '../engine/journal/runs.ts';

const namedSchema = z.object({ schema: z.string(), name: z.string() });

/** What a run does to one table, as it was fixed when it was planned. */
const taskSchema = z.object({
  table: namedSchema,
  oid: z.int(),
  column: z.string(),
  /** `90d`, for people. */
  age: z.string(),
  kind: z.enum(['date', 'timestamp', 'timestamptz']),
  /** Rows before it go: a time as the server writes it. */
  cutoff: z.string(),
  /** The zone that it was reckoned in. */
  zone: z.string(),
  /** Directory of archives, where the rows are kept. */
  archives: z.string().nullable(),
  drop_partitions: z.boolean(),
  skip_referenced: z.boolean(),
});
export type TaskFacts = z.output<typeof taskSchema>;

/** Where its rows are kept; `base`: how many parts were there before this run. */
const archiveSchema = z.object({ directory: z.string(), finished: z.boolean(), base: z.int().min(0) });

const endSchema = z.object({
  outcome: z.enum(['done', 'contended', 'blocked', 'nothing_to_do']),
  rows: z.number(),
  left: z.number().nullable(),
});

/** What a run has noted about one of its tables. */
export interface NotedTask {
  readonly prefix: string;
  readonly task: TaskFacts;
  readonly archive: z.output<typeof archiveSchema> | undefined;
  /** A partition that was about to be detached, or was. */
  readonly detached: RowsPartition | undefined;
  readonly end: z.output<typeof endSchema> | undefined;
}

/** Before the names of the facts about table number `n` of a run. */
export const prefixOf = (n: number): string => `t${n}_`;

/** What a run of cleanup has noted. Throws ZodError for what it has not written. */
export function notedTasks(facts: Readonly<Record<string, unknown>>): NotedTask[] {
  const tasks: NotedTask[] = [];
  for (let n = 0; ; n++) {
    const prefix = prefixOf(n);
    const task = facts[`${prefix}task`];
    if (task === undefined) return tasks;
    const optional = <T>(schema: z.ZodType<T>, fact: unknown) =>
      fact === undefined || fact === null ? undefined : schema.parse(fact);
    tasks.push({
      prefix,
      task: taskSchema.parse(task),
      archive: optional(archiveSchema, facts[`${prefix}archive`]),
      detached: optional(partitionSchema, facts[`${prefix}detached`]),
      end: optional(endSchema, facts[`${prefix}end`]),
    });
  }
}

/** The run that has gone on with another one. */
export function wentOnWith({ id }: Pick<Run, 'id'>, runs: readonly Run[]): Run | undefined {
  return runs.find(({ facts }) => facts.resumes === id);
}

/** Whether a run of cleanup was stopped before its end, and no other has gone on with it. */
export function isLeftOff(run: Run, runs: readonly Run[]): boolean {
  if (run.operation !== 'cleanup' || run.status === 'running' || run.undone_by !== null) return false;
  if (wentOnWith(run, runs) !== undefined) return false;
  return unfinishedTasks(run.facts).length > 0;
}

/** What of a run is still to be done. */
export function unfinishedTasks(facts: Readonly<Record<string, unknown>>): NotedTask[] {
  return notedTasks(facts).filter(({ end }) => end?.outcome !== 'done' && end?.outcome !== 'nothing_to_do');
}
