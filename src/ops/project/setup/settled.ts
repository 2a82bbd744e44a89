import type { OpContext } from '../../engine/operation.ts';
import { fateOfFile } from '../../run-sql/fate.ts';
import type { Project } from '../file/read.ts';
import { inProject } from '../file/read.ts';
import type { SetupSql } from '../file/schema.ts';
import { stepBegun, stepDone } from '../part/history.ts';
import { foundEmpty, type Situation } from './situation.ts';

/** What a person has decided about what nobody else knows. */
export interface Decided {
  readonly skip: readonly string[];
  readonly again: readonly string[];
}

/** Whether something that must not be done twice still has to be done. */
export type Settled =
  | { readonly kind: 'open' }
  /** `why`: a sentence without its subject. */
  | { readonly kind: 'done'; readonly why: string }
  /** Nobody knows, or half of it: a person has to say. */
  | { readonly kind: 'undecided'; readonly why: string };

/** The name of the project's own command, where names of files stand. */
export const INIT = 'init';

function decided(name: string, { skip, again }: Decided): Settled | undefined {
  if (again.includes(name)) return { kind: 'open' };
  return skip.includes(name) ? { kind: 'done', why: 'is left out, as asked for.' } : undefined;
}

/** Whether an SQL file has been run in the database that there is, by the journal and what the server says of it. */
export async function settledFile(
  context: OpContext,
  project: Project,
  { file }: SetupSql,
  situation: Situation,
  choice: Decided,
): Promise<Settled> {
  const said = decided(file, choice);
  if (said !== undefined) return said;
  if (situation.oid === null) return { kind: 'open' };
  const path = inProject(project, file);
  const [run] = situation.history.parts.filter(
    ({ operation, input }) => operation === 'run-sql' && input.file === path,
  );
  if (run === undefined) {
    const known = foundEmpty(situation) || situation.tables === 0;
    return known
      ? { kind: 'open' }
      : {
          kind: 'undecided',
          why: `${project.name} has tables already, and set-up did not begin with it: whether this file was run there nobody knows.`,
        };
  }
  if (run.status === 'done') return { kind: 'done', why: `was run by ${run.id}.` };
  if (run.status === 'running') return { kind: 'undecided', why: `is being run by ${run.id}.` };
  const fate = await fateOfFile(run, context);
  if (fate === undefined || fate.kind === 'nothing') return { kind: 'open' };
  if (fate.kind === 'committed') return { kind: 'done', why: `was run by ${run.id}: ${fate.text}` };
  // one transaction that has failed was rolled back, and its run says so
  const { transactional } = run.facts.running_sql as { transactional?: boolean };
  const { kept } = (run.facts.ran_sql ?? {}) as { kept?: number };
  if (run.status !== 'interrupted' && (transactional === true || (kept ?? 0) === 0)) return { kind: 'open' };
  return { kind: 'undecided', why: `${run.id} did not come to its end: ${fate.text}` };
}

/** All that must not be done twice, by its name. */
export async function settledAll(
  context: OpContext,
  project: Project,
  situation: Situation,
  choice: Decided,
): Promise<ReadonlyMap<string, Settled>> {
  const files = project.sql.map(
    async (sql): Promise<[string, Settled]> => [
      sql.file,
      await settledFile(context, project, sql, situation, choice),
    ],
  );
  return new Map([...(await Promise.all(files)), [INIT, settledInit(project, situation, choice)]]);
}

/** Whether the project's own command has been run. */
export function settledInit({ init }: Project, { history }: Situation, choice: Decided): Settled {
  const said = decided(INIT, choice);
  if (said !== undefined) return said;
  const done = history.runs.find((run) => stepDone(run, INIT));
  if (done !== undefined) return { kind: 'done', why: `was run by ${done.id}.` };
  const begun = history.runs.find((run) => stepBegun(run, INIT));
  if (begun === undefined || init?.repeatable === true) return { kind: 'open' };
  return {
    kind: 'undecided',
    why: `${begun.id} had begun it, and it did not come to its end; the file does not say that it is repeatable.`,
  };
}
