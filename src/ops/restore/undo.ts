import { z } from 'zod';
import { databaseFacts } from '../../db/queries/database/facts.ts';
import { milliseconds } from '../../text/units.ts';
import { planningSession } from '../database/maintenance.ts';
import { rolledBackName } from '../database/names.ts';
import { poolerChecks } from '../database/pooler.ts';
import type { Run } from '../engine/journal/runs.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Check, Plan } from '../engine/plan.ts';
import { findBackup, repositoryDirectory } from '../repository/repository.ts';
import { restoreErrors } from './errors.ts';
import { restoreInput } from './input.ts';
import { droppedSchema } from './methods/put-back.ts';
import { restorePlan } from './plan.ts';
import { afterStep, beforeStep, type Hooks } from './steps/hooks.ts';
import { newState, RUN } from './steps/state.ts';
import { undoChecks } from './swap/checks.ts';
import { Undecided } from './swap/errors.ts';
import { endedText, undoPreview, undoSwap } from './swap/swap.ts';

/** What the steps of a restore have recorded. */
export const factsSchema = z.object({
  swap: z
    .object({
      live: z.string(),
      fresh: z.string(),
      before: z.string(),
      live_oid: z.number().optional(),
      before_oid: z.number().optional(),
    })
    .optional(),
  created: z.object({ database: z.string(), target: z.string() }).nullish(),
  safety: z.object({ id: z.string(), path: z.string() }).optional(),
  dropped: droppedSchema.optional(),
  hooks: z.object({ before: z.string().nullable(), after: z.string().nullable() }).optional(),
  after_ran: z.boolean().optional(),
});

/** What has put another database in the place of one, in words for people. */
export interface Replacing {
  /** `the restore of shop`. */
  readonly noun: string;
  /** What is there now. */
  readonly fresh: string;
}

const RESTORE: Replacing = { noun: 'restore', fresh: 'what was restored' };

/** Puts the database back that a restore has replaced: in one transaction where it is still there, else from its backup. */
export async function undoRestore(run: Run, context: OpContext, what: Replacing = RESTORE): Promise<Plan> {
  const facts = factsSchema.parse(run.facts);
  if (facts.swap !== undefined) return undoPlan(run, context, facts.swap, facts.hooks, what);
  if (facts.dropped !== undefined) {
    const { database, safety } = facts.dropped;
    const input = restoreInput.parse({ backup: safety, database, in_place: true });
    return restorePlan(input, context, await findBackup(repositoryDirectory(context), safety));
  }
  throw restoreErrors.noWayBack({ run: run.id });
}

async function undoPlan(
  run: Run,
  context: OpContext,
  swap: NonNullable<z.output<typeof factsSchema>['swap']>,
  recorded: z.output<typeof factsSchema>['hooks'],
  { noun, fresh }: Replacing,
): Promise<Plan> {
  const { live, before } = swap;
  const session = await planningSession(context);
  const shown = { live, before, rolledBack: rolledBackName(live, RUN), run: RUN };
  const [[now], [old]] = await Promise.all([
    session.run(databaseFacts, { database: live }),
    session.run(databaseFacts, { database: before }),
  ]);
  const checks: Check[] = [
    ...(await poolerChecks(context, session)),
    ...(await undoChecks(session, { live, before, rolledBack: shown.rolledBack })),
  ];
  if (now !== undefined && swap.live_oid !== undefined && now.oid !== swap.live_oid)
    checks.push({
      title: `Newer ${noun}`,
      status: 'block',
      detail: `${live} is not what run ${run.id} has put there: it was replaced again since. Undo that run first: pgdeck runs list`,
    });
  const { before: first, after: last } = recorded ?? {};
  const hooks: Hooks = {
    before: first ?? undefined,
    after: last ?? undefined,
    place: context.runsOn.app,
    app: context,
  };
  const state = newState(undefined);
  return {
    operation: 'restore',
    title: `Undo the ${noun} of ${live}`,
    subject: live,
    danger: 'type-name',
    writes: true,
    server: context.place,
    input: { ...run.input },
    facts: [
      { label: 'Server', value: `${context.place}, PostgreSQL ${session.server.version}` },
      { label: 'Database', value: live },
      {
        label: 'Goes back to',
        value: `${before}, replaced by ${run.subject} at ${run.started_at.slice(0, 16)}Z`,
      },
    ],
    checks,
    steps: [
      ...beforeStep(hooks, state),
      {
        id: 'undo',
        title: 'Swap the names in one transaction',
        preview: undoPreview(shown, { live: now?.comment ?? null, before: old?.comment ?? null }),
        effect: 'sessions are ended; nobody can connect for a fraction of a second',
        waits: true,
        atomic: true,
        run: async (io) => {
          const rolledBack = rolledBackName(live, io.run);
          state.exchanging = true;
          const done = await undoSwap(io, { live, before, rolledBack, run: io.run }).catch(
            (error: unknown) => {
              state.undecided = error instanceof Undecided;
              throw error;
            },
          );
          state.replaced = true;
          io.result({
            title: 'Swapped back',
            columns: ['what', 'value'],
            rows: [
              ['database', live],
              ['closed to clients', milliseconds(done.closed_ms)],
              ['sessions ended', endedText(done)],
              [`${fresh} is kept as`, rolledBack],
            ],
          });
        },
      },
      ...afterStep(hooks, state),
    ],
    consequence:
      `What was written to ${live} since the ${noun} is kept in ${shown.rolledBack}. ` +
      'All sessions are disconnected, and can connect again within a second.',
    locks: [{ family: 'restore', database: live }],
    reaches: () => `${live} is as it was before the ${noun}; ${fresh} is kept beside it.`,
    leaves: () => {
      if (state.undecided) return undefined;
      if (state.replaced) return `${live} is as it was before the ${noun}.`;
      return state.exchanging
        ? `${live} is ${fresh}, and ${before} is kept; sessions may have been ended.`
        : `${live} was not touched, and ${before} is kept.`;
    },
  };
}
