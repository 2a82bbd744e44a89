import { z } from 'zod';
import { shellWord } from '../../../text/shell.ts';
import type { OpContext } from '../../engine/operation.ts';
import { defineOperation, type FieldChoice, type RawInput } from '../../engine/operation.ts';
import type { Plan, Step } from '../../engine/plan.ts';
import { type ChosenTool as Chosen, choose, chooseFields } from '../choose.ts';
import { repairCommand } from '../command.ts';
import { migrateErrors } from '../errors.ts';
import { readAll, type StatusOfFiles, statusHash } from '../history/status.ts';
import { connectionCheck } from '../plan/checks.ts';
import { atWork, MigrateLock } from '../plan/lock.ts';
import { recoverMove } from '../plan/recover.ts';
import { commands, transaction } from '../run/apply.ts';
import { withNext } from '../run/failure.ts';
import { telling } from '../run/notices.ts';
import { shownCommands } from '../run/preview.ts';
import { PATIENCE } from '../run/steps.ts';
import { watched } from '../run/watch.ts';
import { type Defect, defectsOf, entryNamed } from './defects.ts';
import { ACTIONS, type Remedy, remediesOf } from './remedies.ts';

const input = z.object({
  entry: z.string().optional(),
  action: z.enum(ACTIONS).optional(),
  from: z.int('expected a whole number').min(1, 'expected 1 or more').optional(),
  lock_timeout: z.number().min(0.1, 'expected 0.1 or more').max(60, 'expected 60 at most').default(3),
  wait: z.number().min(0, 'expected 0 or more').default(60),
  tool: z.string().optional(),
  dir: z.string().optional(),
});
type Input = z.output<typeof input>;

/** `pgdeck migrate repair`: mends one defect, by a remedy that is chosen; none mends all at once. */
export const repair = defineOperation({
  id: 'migrate repair',
  input,
  fields: {
    entry: {
      title: 'Entry',
      hint: 'a version, or an index; the most urgent one without it',
      standard: () => 'the most urgent one',
      argument: true,
      choices: async (context, raw) =>
        (await look(context, asked(raw))).entries.map(({ id, what }) => ({ value: id, hint: what })),
    },
    action: {
      title: 'Way',
      hint: 'how it is repaired; the first way offered without it',
      standard: () => 'the first one offered',
      choices: wayChoices,
    },
    from: {
      title: 'From statement',
      hint: 'of an unfinished migration: the first statement still to run',
      standard: () => 'detected',
      placeholder: 'n',
      when: ({ action }) => action === undefined || action === '' || action === 'finish',
    },
    lock_timeout: {
      title: 'Lock timeout',
      hint: 'seconds that one attempt waits for a lock; not for CONCURRENTLY',
      placeholder: 'seconds',
    },
    wait: {
      title: 'Wait',
      hint: 'seconds for another run of migrations to end, and in which locks are tried for again',
      placeholder: 'seconds',
    },
    ...chooseFields,
  },
  plan: planRepair,
  recover: recoverMove,
});

interface Seen {
  readonly chosen: Chosen;
  /** Undefined where another tool keeps the history. */
  readonly all: StatusOfFiles | undefined;
  readonly entries: readonly Defect[];
}

const asked = (raw: RawInput) => ({
  tool: raw.tool ? String(raw.tool) : undefined,
  dir: raw.dir ? String(raw.dir) : undefined,
});

async function look(
  context: OpContext,
  where: { tool?: string | undefined; dir?: string | undefined },
): Promise<Seen> {
  const chosen = await choose(context, where);
  const all = chosen.adapter.files ? await readAll(chosen.where) : undefined;
  return { chosen, all, entries: await defectsOf(chosen.where.session, all) };
}

async function wayChoices(context: OpContext, raw: RawInput): Promise<FieldChoice[]> {
  const { all, entries } = await look(context, asked(raw));
  const entry = entryNamed(entries, raw.entry ? String(raw.entry) : undefined);
  return entry === undefined
    ? []
    : remediesOf(entry, all?.ledger, undefined, PATIENCE).map(({ action, title, obstacle }) => ({
        value: action,
        hint: obstacle ?? title,
      }));
}

async function planRepair(given: Input, context: OpContext): Promise<Plan> {
  const { chosen, all, entries } = await look(context, given);
  const { database } = context.target;
  const entry = entryNamed(entries, given.entry);
  const base = {
    operation: 'migrate repair',
    subject: database,
    writes: true,
    server: context.place,
    facts: [{ label: 'Tool', value: `${chosen.adapter.title}: ${chosen.why}` }],
  };
  if (entry === undefined)
    return {
      ...base,
      title: 'Nothing to repair',
      danger: 'none',
      input: { ...given },
      checks: [],
      steps: [],
      leaves: () => undefined,
      reaches: () => `${database} was not touched.`,
    };
  const remedies = remediesOf(entry, all?.ledger, given.from, {
    lockTimeout: given.lock_timeout,
    wait: given.wait,
  });
  const remedy =
    given.action === undefined ? remedies[0] : remedies.find(({ action }) => action === given.action);
  if (remedy === undefined)
    throw migrateErrors.noWay({
      id: entry.id,
      action: given.action,
      ways: remedies.map(({ action }) => action),
    });
  const others = entries.filter((one) => one !== entry).map(({ id }) => id);
  const other = await atWork(chosen.where.session, database);
  return {
    ...base,
    title: remedy.title,
    // only what is lost is typed: the version, or the name of the database
    subject: remedy.action === 'forget' ? entry.id : database,
    danger: remedy.danger,
    input: {
      ...given,
      entry: entry.id,
      action: remedy.action,
      tool: chosen.adapter.id,
      dir: chosen.where.directory,
    },
    facts: [
      ...base.facts,
      { label: 'Found', value: entry.what },
      ...(others.length === 0
        ? []
        : [{ label: 'Besides', value: `${others.join(', ')}: one entry at a time` }]),
    ],
    leaves: ({ done }) => (done.has('lock') ? 'What was done of it stays.' : `${database} was not touched.`),
    reaches: () => `${entry.id} is repaired; nothing else in ${database} was touched.`,
    tables: tablesOf(entry, remedies),
    checks: [
      connectionCheck(chosen.where.session.server),
      ...(other === undefined
        ? []
        : [
            {
              title: 'At work',
              status: 'block' as const,
              detail: `${other} What looks unfinished may be its work: wait for it.`,
            },
          ]),
      ...[entry.kind === 'index' ? undefined : all?.history.refusal, remedy.obstacle].flatMap((detail) =>
        detail === undefined ? [] : [{ title: 'Way', status: 'block' as const, detail }],
      ),
    ],
    steps: stepsOf(given, context, { chosen, all, entry, remedy }),
    ...(remedy.action === 'back' && {
      consequence: 'What took effect is removed, with the rows that are in it.',
    }),
    ...(remedy.action === 'forget' && {
      consequence: 'What this migration made stays in the database, and no history says so any more.',
    }),
  };
}

function tablesOf(entry: Defect, remedies: readonly Remedy[]): NonNullable<Plan['tables']> {
  return [
    ...(entry.kind === 'dirty'
      ? [
          {
            title: 'Statements',
            columns: ['n', 'statement', 'what the catalog says'],
            rows: entry.found.statements.map(({ statement, effect, invalid }, at) => [
              String(at + 1),
              statement.title,
              effect === 'half' ? `left the INVALID index ${invalid?.name ?? ''}` : EFFECTS[effect],
            ]),
          },
        ]
      : []),
    {
      title: 'Ways',
      columns: ['way', 'what it does'],
      rows: remedies.map(({ action, title }) => [`--action ${action}`, title]),
    },
  ];
}

const EFFECTS = { done: 'took effect', open: 'not yet, or can be repeated', unknown: 'nothing' } as const;

interface Decided {
  readonly chosen: Chosen;
  readonly all: StatusOfFiles | undefined;
  readonly entry: Defect;
  readonly remedy: Remedy;
}

function stepsOf(given: Input, context: OpContext, { chosen, all, entry, remedy }: Decided): Step[] {
  const { database } = context.target;
  const { host, directory, format } = chosen.where;
  const where = { host, directory, ...(format !== undefined && { format }) };
  const lock = new MigrateLock(database);
  // what another tool has left is mended in our own table, too
  const create = all && !all.history.companion && entry.kind !== 'index' ? all.ledger.create() : [];
  return [
    {
      id: 'lock',
      title: 'Take the migration lock, and look again',
      preview: `${lock.sql};`,
      run: async (io) => {
        await lock.take(io, given.wait);
        const { session } = await lock.worker();
        const now = all && (await readAll({ ...where, session }));
        const same = (await defectsOf(session, now)).some(
          ({ id, what }) => id === entry.id && what === entry.what,
        );
        const unchanged =
          !all || !now || statusHash(now.status, now.files) === statusHash(all.status, all.files);
        if (!same || !unchanged) throw migrateErrors.changedMeanwhile();
      },
    },
    {
      id: remedy.action,
      title: remedy.title,
      preview: [...shownCommands(create), remedy.preview].join('\n'),
      run: async (io) => {
        const worker = await lock.worker();
        const patience = { lockTimeout: given.lock_timeout, wait: given.wait };
        const { session } = worker;
        const run = async () => {
          await transaction(session, () => commands(session, create));
          await remedy.run({ io, session, patience });
        };
        await telling(worker, io, () => watched(io, session.pid, run)).catch((error) => {
          throw withNext(error, `Fix the cause, then: ${repairCommand(context, entry.id, chosen.where)}`);
        });
      },
    },
    {
      id: 'verify',
      title: 'Check that it is repaired',
      preview: 'pgdeck migrate status',
      run: async (io) => {
        const { session } = await lock.worker();
        const left = await defectsOf(session, all && (await readAll({ ...where, session })));
        const again = left.find(({ id, kind }) => id === entry.id && kind === entry.kind);
        if (again) throw migrateErrors.notMended({ what: again.what });
        const next = left[0];
        io.line(
          next === undefined
            ? 'Nothing else to repair.'
            : `The next: ${next.what} See: pgdeck migrate repair ${shellWord(next.id)} --plan`,
        );
      },
    },
  ];
}
