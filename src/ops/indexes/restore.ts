import { fullName } from '../../db/ident.ts';
import { type Doubt, sweep } from '../concurrently/doubts.ts';
import { CREATE_PHASES, runWatched } from '../concurrently/wait.ts';
import { KEPT, type Step, type StepIo } from '../engine/plan.ts';
import { statementPreview } from '../maintain/shared/statement.ts';
import { indexesErrors } from './errors.ts';
import { type KeptIndex, restoreSql } from './kept.ts';
import { indexFacts } from './queries/facts.ts';
import type { Shared } from './shared.ts';

/** Somebody who has cancelled wants an answer: what cannot be removed in that many seconds is left to `recover`. */
const SWEEP_SECONDS = 5;

/** Makes an index again as it was, CONCURRENTLY, and looks whether it is. */
export function restoreStep(shared: Shared, kept: KeptIndex): Step {
  const { sessions, doubts } = shared;
  const name = fullName(kept.schema, kept.name);
  const { before, create, after } = restoreSql(kept);
  const id = `create:${name}`;
  return {
    id,
    title: `Create ${name} again`,
    preview: [
      ...before.map((sql) => `${sql};`),
      statementPreview(create, 0),
      ...after.map((sql) => `${sql};`),
    ].join('\n'),
    effect: 'reads and writes continue',
    independent: true,
    run: async (io) => {
      const watcher = await sessions.watcher(io);
      const there = await madeAgain(shared, io, kept);
      if (there === '') return io.line(`${name} is there already.`);
      if (there !== undefined) throw indexesErrors.nameTaken({ index: name, why: there });
      await doubts.begin(io, watcher, id, {
        oid: kept.table.oid,
        name: fullName(kept.table.schema, kept.table.name),
        creates: kept.name,
      });
      await swept(io, shared, id, async () => {
        const { session } = await sessions.worker(io);
        for (const sql of before) await session.sql(sql);
        await runWatched(io, sessions, create, {
          label: name,
          lockTimeout: 0,
          lone: true,
          phases: CREATE_PHASES,
        });
      });
      doubts.settle(io, id);
      const { session } = await sessions.worker(io);
      for (const sql of after) await session.sql(sql);
      const why = await madeAgain(shared, io, kept);
      if (why !== '') throw indexesErrors.notAsMeant({ index: name, why: why ?? 'it is not there' });
      io.line(`${name} is there again, and valid.`);
    },
    rollback: (io) => takeBack(io, shared, id),
  };
}

/** What is not as it was: empty where all is, undefined where there is no index of that name. Throws DbError. */
async function madeAgain({ sessions }: Shared, io: StepIo, kept: KeptIndex): Promise<string | undefined> {
  const found = await (await sessions.watcher(io)).run(indexFacts, { oids: [], tables: [kept.table.oid] });
  const now = found.find(({ schema, name }) => schema === kept.schema && name === kept.name);
  if (now === undefined) return undefined;
  if (now.definition !== null && now.definition !== kept.definition) return `it is ${now.definition}`;
  return now.valid ? '' : 'it is not valid';
}

/** Removes what a statement that fails by itself has left, before other steps come to the same table. */
export async function swept<T>(io: StepIo, shared: Shared, id: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!io.signal.aborted)
      try {
        await takeBack(io, shared, id);
      } catch {
        // it is tried again when the run ends, and told then
      }
    throw error;
  }
}

/** Removes what a step has begun to create; what was done, or had not begun, stays. */
export async function takeBack(io: StepIo, { doubts }: Shared, id: string): Promise<typeof KEPT | undefined> {
  const doubt: Doubt | undefined = doubts.of(id);
  if (doubt === undefined) return KEPT;
  await sweep(io, [doubt], { patience: SWEEP_SECONDS, applicationName: io.applicationName });
  doubts.settle(io, id);
  return undefined;
}
