import { z } from 'zod';
import type { DatabaseFacts } from '../../../db/queries/database/facts.ts';
import { restoreLive } from '../../../db/queries/restore/facts.ts';
import type { Session } from '../../../db/session.ts';
import { shellWord } from '../../../text/shell.ts';
import { bytes } from '../../../text/units.ts';
import { backupBefore } from '../../backup/before.ts';
import { databaseOf } from '../../database/create.ts';
import { planningSession } from '../../database/maintenance.ts';
import { beforeName } from '../../database/names.ts';
import { poolerChecks } from '../../database/pooler.ts';
import type { Run } from '../../engine/journal/runs.ts';
import { defineOperation, type OpContext } from '../../engine/operation.ts';
import type { Check, Fact, Plan } from '../../engine/plan.ts';
import { recoverRestore } from '../../restore/recover.ts';
import { newState, RUN } from '../../restore/steps/state.ts';
import { sweepSteps } from '../../restore/steps/sweep.ts';
import { swapChecks } from '../../restore/swap/checks.ts';
import { undoRestore } from '../../restore/undo.ts';
import { protectedChecks, sessionChecks, warn } from '../checks.ts';
import { databaseChoices } from '../choices.ts';
import { extensionList } from '../queries/contents.ts';
import { anewSteps } from './anew.ts';
import { contentsOf, countsOf, emptyStep, recoverEmpty } from './empty.ts';

const input = z.object({
  name: z.string().min(1),
  keep_database: z.boolean().default(false),
  no_extensions: z.boolean().default(false),
  end_sessions: z.boolean().default(false),
  no_safety_backup: z.boolean().default(false),
});
type Wish = z.output<typeof input>;

/** Makes a database anew: an empty one like it takes its place, and it is kept; or its schemas are emptied. */
export const dbReset = defineOperation({
  id: 'db reset',
  input,
  fields: {
    name: {
      title: 'Database',
      hint: 'the database that is made anew',
      argument: true,
      choices: databaseChoices,
    },
    keep_database: {
      title: 'Keep the database',
      hint: 'empty its schemas instead: sessions stay, and so do extensions and what is given to the schemas',
    },
    no_extensions: {
      title: 'No extensions',
      hint: 'create none of its extensions in the new one',
      asks: { title: 'Extensions', hint: 'create those that it has in the new one, of the same versions' },
      when: ({ keep_database }) => keep_database !== true,
    },
    end_sessions: {
      title: 'End sessions',
      hint: 'end the sessions in it',
      when: ({ keep_database }) => keep_database !== true,
    },
    no_safety_backup: {
      title: 'No safety backup',
      hint: 'do not back it up first',
      asks: { title: 'Safety backup', hint: 'of the database, made first' },
    },
  },
  plan: async (wish, context) => {
    const session = await planningSession(context);
    const facts = await databaseOf(session, wish.name);
    const checks = protectedChecks(session, facts);
    const base = await baseOf(session, facts, wish, context);
    if (checks.length > 0) return { ...base, checks, steps: [], leaves: () => undefined, reaches: () => '' };
    return wish.keep_database
      ? planEmpty(wish, facts, base, context)
      : planAnew(wish, facts, base, session, context);
  },
  undo: async (run, context) => {
    const plan = await undoRestore(run, context, { noun: 'reset', fresh: 'the one that was made anew' });
    return { ...plan, operation: 'db reset' };
  },
  recover: async (run: Run, context: OpContext) =>
    run.facts.emptied === undefined ? recoverRestore(run, context) : recoverEmpty(run, context),
});

type Base = Omit<Plan, 'checks' | 'steps' | 'leaves' | 'reaches'>;

async function baseOf(session: Session, facts: DatabaseFacts, wish: Wish, context: OpContext): Promise<Base> {
  const [state] = await session.run(restoreLive, { oid: facts.oid });
  const size = state?.bytes == null ? '' : `, ${bytes(state.bytes)}`;
  return {
    operation: 'db reset',
    title: wish.keep_database ? `Empty the schemas of ${wish.name}` : `Make ${wish.name} anew`,
    subject: wish.name,
    danger: 'type-name',
    writes: true,
    server: context.place,
    input: Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== false)),
    facts: [
      { label: 'Server', value: `${context.place}, PostgreSQL ${session.server.version}` },
      {
        label: 'Database',
        value: `${wish.name}${size}, of ${facts.owner}, ${facts.encoding}, ${facts.locale ?? facts.lc_collate}`,
      },
    ],
    locks: [{ family: 'restore', database: wish.name }],
  };
}

async function planAnew(
  wish: Wish,
  facts: DatabaseFacts,
  base: Base,
  session: Session,
  context: OpContext,
): Promise<Plan> {
  const { name } = wish;
  const swap = await swapChecks(session, { live: name, taken: [] });
  const checks: Check[] = [
    ...(await poolerChecks(context, session)),
    // they are told as what has to be asked for
    ...swap.filter(({ title }) => title !== 'Sessions'),
    ...(await sessionChecks(session, facts, wish.end_sessions)),
  ];
  const open = !checks.some(({ status }) => status === 'block');
  const extensions =
    open && !wish.no_extensions
      ? await inside(context, name, (look) => look.run(extensionList, undefined))
      : [];
  const safety =
    open && !wish.no_safety_backup
      ? await backupBefore(context, name, {
          label: 'before db reset',
          back: (id) => `pgdeck restore ${shellWord(id)}`,
        })
      : undefined;
  const state = newState(undefined);
  const kept = () => {
    const made = safety?.made();
    return made === undefined ? '' : ` The safety backup ${made.id} is kept.`;
  };
  const told: Fact[] = [
    ...base.facts,
    {
      label: 'Extensions',
      value: extensions.map((one) => `${one.name} ${one.version}`).join(', ') || 'none',
    },
    { label: 'Kept as', value: beforeName(name, RUN) },
  ];
  return {
    ...base,
    facts: told,
    checks: [...checks, ...(safety?.checks ?? [])],
    steps: [
      ...(await sweepSteps(session, name)),
      ...(safety?.steps ?? []),
      ...(await anewSteps(session, facts, extensions, state)),
    ],
    consequence: `${name} is empty afterwards; what it is now is kept in ${beforeName(name, RUN)}, with its size on the disk.`,
    undo: 'undo',
    leaves: () => {
      if (state.undecided) return kept().trim() || undefined;
      if (state.replaced) return `${name} is empty; the one before is kept as ${state.before}.${kept()}`;
      return state.exchanging
        ? `${name} is what it was; sessions in it may have been ended.${kept()}`
        : `${name} was not touched.${kept()}`;
    },
    reaches: () =>
      `${name} is empty, with its owner, encoding, grants and settings; the one before is kept as ${state.before}.${kept()}`,
  };
}

async function planEmpty(wish: Wish, facts: DatabaseFacts, base: Base, context: OpContext): Promise<Plan> {
  const { name } = wish;
  const contents = await inside(context, name, contentsOf);
  const nothing = contents.goes.length === 0;
  const safety =
    nothing || wish.no_safety_backup
      ? undefined
      : await backupBefore(context, name, {
          label: 'before db reset',
          back: (id) => `pgdeck restore ${shellWord(id)}`,
        });
  const state = { emptied: false };
  const kept = () => {
    const made = safety?.made();
    return made === undefined ? '' : ` The safety backup ${made.id} is kept.`;
  };
  return {
    ...base,
    facts: [...base.facts, { label: 'Goes', value: countsOf(contents.goes) }],
    checks: [
      ...contents.checks,
      ...(wish.no_safety_backup ? [warn('Safety backup', 'None is made: there is no way back.')] : []),
      ...(safety?.checks ?? []),
    ],
    steps: nothing ? [] : [...(safety?.steps ?? []), emptyStep(facts, contents, state)],
    consequence: `Everything in the schemas of ${name} is gone${safety === undefined ? ', and there is no way back' : ', but for the backup'}.`,
    ...(safety !== undefined && {
      undo: {
        get command() {
          return `pgdeck restore ${shellWord(safety.name())}`;
        },
      },
    }),
    leaves: () =>
      state.emptied ? `The schemas of ${name} are empty.${kept()}` : `${name} is as it was.${kept()}`,
    reaches: () =>
      nothing
        ? `The schemas of ${name} are empty.`
        : `The schemas of ${name} are empty; they, their rights and the extensions are there.${kept()}`,
  };
}

/** Looks into the database and leaves it: nobody of ours may be in it when it is renamed. */
async function inside<T>(
  context: OpContext,
  name: string,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await context.open('pgdeck-plan', name, 'slow');
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}
