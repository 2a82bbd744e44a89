import { duration } from '../../../text/units.ts';
import { KEPT, Left, type Step, type StepIo } from '../../engine/plan.ts';
import type { Patience } from '../../maintain/shared/retry.ts';
import type { Worker } from '../../maintain/shared/sessions.ts';
import { migrateCommand, repairCommand } from '../command.ts';
import { readAll, type StatusOfFiles } from '../history/status.ts';
import { blocks, strongest } from '../sql/locks.ts';
import type { Section } from '../sql/statement.ts';
import type { Direction, Where } from '../types.ts';
import { diagnose, halfDone } from '../verify/diagnose.ts';
import {
  type Applying,
  apply,
  commands,
  type DirectedMigration,
  pointOf,
  sectionOf,
  transaction,
} from './apply.ts';
import { withNext } from './failure.ts';
import { telling } from './notices.ts';
import { previewOf } from './preview.ts';
import { watched } from './watch.ts';

/** Where nothing else is asked for. */
export const PATIENCE: Patience = { lockTimeout: 3, wait: 60 };

/** The session that works: the one that holds the lock where there is one. */
async function workerOf({ held }: Where, io: StepIo): Promise<Worker> {
  if (held !== undefined) return held.worker();
  const worker: Worker = { session: await io.connect(undefined, 'migration'), listener: () => {} };
  worker.session.onNotice((notice) => worker.listener(notice));
  return worker;
}

/** Makes the tables of the history. */
export function historyStep(where: Where, { history, ledger }: StatusOfFiles): Step {
  const create = ledger.create();
  return {
    id: 'history',
    title: `Make the history ${history.exists ? 'of pgdeck beside ' : ''}${history.table}`,
    preview: create.map(({ text }) => `${text};`).join('\n'),
    atomic: true,
    run: async (io) => {
      const worker = await workerOf(where, io);
      await telling(worker, io, () => transaction(worker.session, () => commands(worker.session, create)));
    },
  };
}

/** What its steps tell of those that they do not finish. */
export type OwnFates = Map<string, 'rolled back' | 'half' | 'unknown'>;

/** Runs one migration. */
export function moveStep(
  where: Where,
  { ledger }: StatusOfFiles,
  move: DirectedMigration,
  fates: OwnFates = new Map(),
): Step {
  const { migration, direction } = move;
  const section = sectionOf(move);
  const { patience = PATIENCE } = where;
  let failed = false;
  return {
    id: pointOf(move),
    title: `${direction === 'up' ? 'Apply' : 'Roll back'} ${migration.version} ${migration.name}`,
    preview: previewOf(ledger, move, patience),
    effect: effectOf(section),
    atomic: section.transactional && !move.done,
    run: async (io) => {
      const worker = await workerOf(where, io);
      io.record({ migrating: { version: migration.version, direction } });
      fates.set(migration.version, 'unknown');
      const rolledBack = () => fates.set(migration.version, 'rolled back');
      const work: Applying = { io, session: worker.session, ledger, patience, rolledBack };
      const run = () => apply(work, move);
      // what runs outside a transaction waits without limit, and somebody has to say for whom
      const ms = await telling(worker, io, () =>
        section.transactional ? run() : watched(io, worker.session.pid, run),
      ).catch((error) => {
        failed = !io.signal.aborted;
        throw section.transactional ? withNext(error, afterwards(where, direction)) : error;
      });
      io.line(
        `${migration.version} ${migration.name} ${direction === 'up' ? 'applied' : 'rolled back'} in ${duration(ms / 1000)}`,
      );
    },
    // a transaction has taken itself back
    ...(!section.transactional && { rollback: (io: StepIo) => tellHalf(where, io, move, failed, fates) }),
  };
}

/** What to do when a migration in a transaction has failed. */
function afterwards(where: Where, direction: Direction): string {
  const done = direction === 'up' ? 'applied' : 'rolled back';
  return `Nothing of it was ${done}. Fix the cause, then: ${migrateCommand(where.context, direction, where)}`;
}

/** What was begun outside a transaction stays as it is: it is told what is there, and how it is mended. */
async function tellHalf(
  where: Where,
  io: StepIo,
  { migration, direction }: DirectedMigration,
  failed: boolean,
  fates: OwnFates,
): Promise<typeof KEPT | Left> {
  const session = await io.connect(undefined, 'migration');
  const { history } = await readAll({ ...where, session });
  const row = history.dirty.find(({ version }) => version === migration.version);
  if (row === undefined) return KEPT;
  fates.set(migration.version, 'half');
  const found = await diagnose(session, row, migration, direction);
  const command = repairCommand(where.context, migration.version, where);
  return new Left(`${halfDone(found)} ${failed ? 'Fix the cause, then:' : 'Repair it with:'} ${command}`);
}

const OTHERS = { nobody: '', writers: ', writers wait', everybody: ', everybody waits' } as const;

function effectOf({ statements, transactional, why }: Section): string {
  const mode = strongest(statements.flatMap(({ locks }) => locks));
  const how = transactional ? 'one transaction' : `one by one: ${why ?? 'not in a transaction'}`;
  return mode === undefined ? how : `${how}; ${mode}${OTHERS[blocks(mode)]}`;
}
