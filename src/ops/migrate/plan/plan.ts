import { shellWord } from '../../../text/shell.ts';
import { appCheckSteps } from '../../app/steps.ts';
import { backupBefore } from '../../backup/before.ts';
import type { SafetyBackup } from '../../backup/safety.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Check, Fact, Plan, Step } from '../../engine/plan.ts';
import { type ChosenTool, choose } from '../choose.ts';
import { toolText, unmovedText } from '../run/fate.ts';
import type { Direction, Route, Status } from '../types.ts';
import { verifyStep } from '../verify/after.ts';
import { connectionCheck, hazardChecks, problemChecks, unreadCheck } from './checks.ts';
import { guarded, lockStep, type MigrateState } from './guard.ts';
import { type DirectionInput, destinationOf, routeTo } from './input.ts';
import { MigrateLock } from './lock.ts';
import { countLost } from './lost.ts';
import { othersCheck } from './others.ts';
import { rehearsalCheck, rehearseStep } from './rehearse.ts';
import { settledStatus } from './settled.ts';
import { thereChecks } from './there.ts';

/** Plans migrations in one direction: the lock, a rehearsal, a backup, the migrations, and whether all is well. */
export async function planMigrations(
  direction: Direction,
  input: DirectionInput,
  context: OpContext,
): Promise<Plan> {
  const to = destinationOf(input, direction);
  const { database } = context.target;
  const lock = new MigrateLock(database);
  const patience = { lockTimeout: input.lock_timeout, wait: input.wait };
  const choice = await choose(context, input, { patience, held: lock });
  const { adapter, where } = choice;
  const status = await settledStatus(adapter, where, database, input.wait);
  const route = await routeTo(adapter, where, direction, to);
  const state: MigrateState = {
    ...{ adapter, where, lock, route, direction, to, status },
    idle: false,
    before: undefined,
  };
  const move: Planning = { direction, input, context, choice, status, route };
  if (route.versions.length === 0 && route.open !== true) return nothing(move);
  const destructive = route.hazards.some((hazard) => hazard.destructive);
  // what nobody has read may lose anything
  const lossy = destructive || (route.unread !== undefined && !input.no_backup);
  const wanted = input.backup || (!input.no_backup && !context.saved && (direction === 'down' || lossy));
  const safety = wanted
    ? await backupBefore(context, database, { label: labelOf(move), orElse: '' })
    : undefined;
  const steps: Step[] = [
    ...[
      lockStep(state, input.wait),
      ...(input.rehearse ? [rehearseStep(context, route)] : []),
      ...(safety?.steps ?? []),
      ...route.steps,
      verifyStep(state),
    ].map((step, at) => (at === 0 ? step : guarded(state, step))),
    ...appCheckSteps(context),
  ];
  const checks: Check[] = [
    connectionCheck(where.session.server),
    ...(await thereChecks(where, route)),
    ...(route.checks ?? []),
    ...(direction === 'down'
      ? await othersCheck({ input, context, directory: where.directory, adapter, status, route })
      : []),
    ...hazardChecks(route.hazards, input.acknowledge),
    ...(route.unread === undefined ? [] : [unreadCheck(route.unread, safety !== undefined || context.saved)]),
    ...problemChecks(status.problems),
    ...(input.rehearse ? [rehearsalCheck(route, adapter) ?? []].flat() : []),
    ...(input.no_backup && destructive ? [needsBackup()] : []),
    ...(safety?.checks ?? []),
  ];
  const plan: Plan = {
    operation: `migrate ${direction}`,
    title: titleOf(move),
    subject: database,
    danger: direction === 'down' || destructive ? 'type-name' : 'confirm',
    writes: true,
    server: context.place,
    input: { ...input, tool: adapter.id, dir: where.directory },
    facts: factsOf(move, safety),
    checks,
    steps,
    ...consequenceOf(direction, destructive, await countLost(where.session, route.hazards)),
    leaves: ({ done }) => stateOf(move, done, safety),
    reaches: () => reachedBy(move, state, safety),
  };
  // the name of the backup is known when it is there
  return Object.defineProperty(plan, 'undo', {
    enumerable: true,
    get: () => (state.idle ? undefined : undoOf(move, lossy, safety)),
  });
}

/** Once it has begun, the migration that failed says itself what of it took effect, and what was applied before stays. */
function stateOf(
  { route, context, direction }: Planning,
  done: ReadonlySet<string>,
  safety: SafetyBackup | undefined,
): string | undefined {
  const begun = done.has('lock') && route.steps.length > 0;
  const moved = route.versions.filter((version) => done.has(`${direction}:${version}`));
  const verb = direction === 'up' ? 'Applied' : 'Rolled back';
  const ends = route.steps.flatMap((step) => step.ended?.() ?? []);
  const tool = route.fates === undefined && route.steps.length > 0;
  if (begun && tool)
    return [toolText(direction, context.target.database, ends), ...keptBackup(safety)].join(' ');
  const said = [
    ...(begun ? [] : [`${context.target.database} was not touched.`]),
    ...(moved.length === 0 ? [] : [`${verb} before that, and kept so: ${moved.join(', ')}.`]),
    ...(begun && route.fates !== undefined
      ? [unmovedText(direction, route.versions.slice(moved.length), route.fates)].filter(Boolean)
      : []),
    ...keptBackup(safety),
  ];
  return said.length === 0 ? undefined : said.join(' ');
}

function keptBackup(safety: SafetyBackup | undefined): string[] {
  const backup = safety?.made();
  return backup === undefined ? [] : [`The safety backup ${backup.id} is kept.`];
}

function reachedBy(
  { context, direction, route: { versions } }: Planning,
  { idle }: MigrateState,
  safety: SafetyBackup | undefined,
): string {
  const { database } = context.target;
  const done = direction === 'up' ? 'has' : 'no longer has';
  const now =
    idle || versions.length === 0
      ? `${database} is where it was to be.`
      : `${database} ${done} ${versions.length === 1 ? `migration ${versions[0]}` : `these ${versions.length} migrations`}.`;
  return [now, ...keptBackup(safety)].join(' ');
}

interface Planning {
  readonly direction: Direction;
  readonly input: DirectionInput;
  readonly context: OpContext;
  readonly choice: ChosenTool;
  readonly status: Status;
  readonly route: Route;
}

function nothing(move: Planning): Plan {
  const { direction, input, context, status } = move;
  return {
    operation: `migrate ${direction}`,
    title: idleTitle(move),
    subject: context.target.database,
    danger: 'none',
    writes: true,
    server: context.place,
    input: { ...input },
    facts: factsOf(move, undefined),
    checks: problemChecks(status.problems),
    steps: [],
    leaves: () => undefined,
    reaches: () => `${context.target.database} was not touched.`,
  };
}

function idleTitle({ direction, input: { to } }: Planning): string {
  if (direction === 'down') return 'Nothing to roll back';
  return to === undefined ? 'Everything is applied' : `Everything up to ${to} is applied`;
}

function titleOf({ direction, route: { versions, open }, context }: Planning): string {
  const counted = versions.length === 1 ? `migration ${versions[0]}` : `${versions.length} migrations`;
  const what = open === true ? 'what waits' : counted;
  const { database } = context.target;
  return direction === 'up' ? `Apply ${what} to ${database}` : `Roll back ${what} of ${database}`;
}

function labelOf({ direction, route: { versions, open } }: Planning): string {
  if (open === true) return `before migrate ${direction}`;
  return `before migrate ${direction} ${versions[0]}${versions.length > 1 ? ` … ${versions.at(-1)}` : ''}`;
}

function factsOf(move: Planning, safety: SafetyBackup | undefined): Fact[] {
  const { choice, status, route, direction } = move;
  const { adapter, why, others } = choice;
  const reached = direction === 'up' ? route.versions.at(-1) : belowOf(status, route);
  return [
    { label: 'Tool', value: `${adapter.title}: ${why}` },
    ...(others.length === 0
      ? []
      : [{ label: 'Fits as well', value: `${others.join(', ')}: choose it with --tool` }]),
    { label: 'Applied', value: status.current ?? 'none' },
    ...(route.versions.length === 0 ? [] : [{ label: 'Afterwards', value: reached ?? 'none' }]),
    ...route.facts,
    ...(route.versions.length === 0 && route.open !== true
      ? []
      : [{ label: 'Backup', value: backupText(move, safety) }]),
  ];
}

function backupText({ context }: Planning, safety: SafetyBackup | undefined): string {
  if (safety !== undefined) return 'before the first migration';
  return context.saved ? 'that of the run around it' : 'none';
}

/** What is applied below those that are taken back. */
function belowOf({ items }: Status, { versions }: Route): string | undefined {
  const holds = items.filter(({ state }) => state !== 'pending' && state !== 'out_of_order');
  return holds.findLast(({ version }) => !versions.includes(version))?.version;
}

function consequenceOf(
  direction: Direction,
  destructive: boolean,
  lost: readonly string[],
): Pick<Plan, 'consequence'> {
  if (lost.length > 0) return { consequence: `Drops ${lost.join(', ')}.` };
  if (direction === 'down') return { consequence: 'Removes what these migrations made, with its rows.' };
  return destructive ? { consequence: 'Destructive: see the hazards.' } : {};
}

function needsBackup(): Check {
  return {
    title: 'Backup',
    status: 'block',
    detail: 'Something is destructive, and a backup is the only way back. Leave --no-backup out.',
  };
}

/** A way down brings nothing back that was lost; without loss it is the nearer way. */
function undoOf(move: Planning, lossy: boolean, safety: SafetyBackup | undefined): Plan['undo'] {
  const { direction, status, route, choice, input } = move;
  // the run around this one has the backup, and the way back
  if (safety === undefined && lossy) return undefined;
  if (safety !== undefined && (direction === 'down' || lossy))
    return { command: `pgdeck restore ${shellWord(safety.name())}` };
  const back = route.versions.every(
    (version) => status.items.find((one) => one.version === version)?.reversible,
  );
  const way = backTo(move);
  if (direction === 'down' || !back || route.oneWay || !choice.adapter.can.down || way === undefined) {
    if (safety === undefined) return undefined;
    return { command: `pgdeck restore ${shellWord(safety.name())}` };
  }
  const words = [
    ...['pgdeck', 'migrate', 'down', ...way],
    ...(input.tool === undefined ? [] : ['--tool', shellWord(input.tool)]),
    ...['--dir', shellWord(choice.where.directory)],
  ];
  return { command: words.join(' ') };
}

/** What names these on the way down. Where others were applied above them before, no version to stop at does. */
function backTo({ status, route, choice }: Planning): string[] | undefined {
  const { items, current } = status;
  const { can, only } = choice.adapter;
  const between = items.findIndex(({ version }) => version === current);
  const late = items.slice(0, Math.max(between, 0)).some(({ version }) => route.versions.includes(version));
  if (late) return only && route.versions.toReversed().flatMap((version) => ['--only', shellWord(version)]);
  if (!can.to) return ['--steps', String(route.versions.length)];
  return current === null ? ['--base'] : ['--to', shellWord(current)];
}
