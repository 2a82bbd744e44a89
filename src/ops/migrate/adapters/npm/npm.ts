import type { RunResult } from '../../../../hosts/host.ts';
import type { Fact, Step } from '../../../engine/plan.ts';
import type { Destination, Direction, Item, MigrationAdapter, Route, Where } from '../../types.ts';
import { nodeWords } from '../shared/failure.ts';
import { readApplied } from '../shared/history.ts';
import { type Command, findProgram, nodeDirectories } from '../shared/programs.ts';
import { chooseAllUp, isApplied, movedBy, statusHash } from '../shared/status.ts';
import { toolStep } from '../shared/step.ts';
import { lockTimeoutOf } from '../shared/timeout.ts';
import type { ToolCall } from './calls.ts';
import { createWithScripts } from './create.ts';
import { planDown, refuseAll } from './down.ts';
import { npmErrors } from './errors.ts';
import { callOf, findProject, toolCallsOf, toolOf } from './scripts.ts';
import { historyOf, plain, readStatus, type ScriptsStatus } from './status.ts';
import { toolNamed } from './tools.ts';

async function route(where: Where, direction: Direction, to: Destination): Promise<Route> {
  const found = await readStatus(where);
  const { project, history, status } = found;
  if (project.wrong !== undefined) throw npmErrors.badSettings({ why: project.wrong });
  const { program } = callOf(project, 'any');
  if ((await findProgram(where.host, program, nodeDirectories(where, project.cwd))) === undefined)
    throw npmErrors.noManager({ program });
  const facts: Fact[] = [
    { label: 'Connection', value: 'DATABASE_URL and the PG variables, where the scripts read them' },
    {
      label: 'History',
      value:
        history === undefined
          ? 'none that is known yet'
          : `${history.schema}.${history.table} of ${history.tool.of}`,
    },
  ];
  const unread = 'what the scripts run';
  const base = { direction, hazards: [], statusHash: statusHash(status), unread };
  return direction === 'up'
    ? up(where, found, to, { ...base, facts })
    : down(where, found, to, { ...base, facts });
}

/** What a script that applies more than was asked for is refused with. */
const ALL_AT_ONCE = { tool: 'The script', instead: 'Go up to the latest.' };

type Base = Pick<Route, 'direction' | 'hazards' | 'facts' | 'statusHash' | 'unread'>;

function named(script: string | undefined): string {
  if (script !== undefined) return script;
  throw npmErrors.noScript({ direction: 'up' });
}

/** A script applies all that wait, or none. */
function up(where: Where, found: ScriptsStatus, to: Destination, base: Base): Route {
  const { project, status, complete } = found;
  const script = named(project.scripts.up);
  refuseDown(script, toolCallsOf(project, script));
  const oneWay = canTakeBack(found) ? {} : { oneWay: true as const };
  const part = { id: 'npm-up', title: 'Apply what waits', before: appliedOf(found) };
  const call = callOf(project, script);
  if (!complete) {
    if (to.kind !== 'latest') throw npmErrors.unknownPart();
    return {
      ...base,
      ...oneWay,
      facts: [...base.facts, { label: 'Applies', value: 'what waits: the scripts do not say what that is' }],
      versions: [],
      open: true,
      steps: [step(where, found, call, { ...part, after: undefined, count: 1 })],
    };
  }
  const versions = versionsOf(chooseAllUp(status.items, to, ALL_AT_ONCE));
  const after = movedBy(part.before, versions, 'up');
  return {
    ...base,
    ...oneWay,
    versions,
    steps:
      versions.length === 0 ? [] : [step(where, found, call, { ...part, after, count: versions.length })],
  };
}

/** What is called up may take back, before or after. */
function refuseDown(script: string, calls: readonly ToolCall[]): void {
  refuseAll(script, calls);
  const back = calls.find(({ does }) => does === 'down');
  if (back !== undefined) throw npmErrors.upTakesBack({ script, call: back.text });
}

function canTakeBack({ project }: ScriptsStatus): boolean {
  const { down: script, downTo } = project.scripts;
  const calls = [script, downTo].flatMap((text) => (text === undefined ? [] : [toolCallsOf(project, text)]));
  return calls.some((some) => !some.some((call) => call.down?.kind === 'all'));
}

function down(where: Where, found: ScriptsStatus, to: Destination, base: Base): Route {
  const { project, history } = found;
  if (history === undefined) throw npmErrors.noHistory();
  const { calls, versions, behind, checks } = planDown(found, to);
  let before = appliedOf(found);
  return {
    ...base,
    facts: calls.length === 0 ? base.facts : [...base.facts, { label: 'Takes back', value: behind }],
    checks,
    versions,
    steps: calls.map((call) => {
      const after = movedBy(before, call.versions, 'down');
      const one = step(where, found, callOf(project, call.script, call.values), {
        id: `npm-down-${call.versions[0]}`,
        title: `Roll back ${call.versions.join(', ')}`,
        before,
        after,
        count: call.versions.length,
      });
      before = after;
      return one;
    }),
  };
}

const versionsOf = (items: readonly Pick<Item, 'version'>[]): string[] => items.map(({ version }) => version);
const appliedOf = ({ status }: ScriptsStatus): Set<string> =>
  new Set(versionsOf(status.items.filter(isApplied)));

interface ScriptStep {
  readonly id: string;
  readonly title: string;
  readonly before: ReadonlySet<string>;
  readonly after: ReadonlySet<string> | undefined;
  readonly count: number;
}

function step(where: Where, { project, history }: ScriptsStatus, command: Command, part: ScriptStep): Step {
  // the status script may have named what waited otherwise than the history does now
  const planned = new Map(
    [...(part.after ?? []), ...part.before].map((version) => [plain(version), version]),
  );
  return toolStep({
    ...part,
    where,
    tool: 'The script',
    driver: 'script',
    command,
    cwd: project.cwd,
    lockTimeout: lockTimeoutOf(where, false),
    noHistory: history === undefined,
    applied: async (session) => {
      const table = await historyOf(session, project);
      const rows = table === undefined ? [] : await readApplied(session, table);
      return new Set(rows.map(({ version }) => planned.get(plain(version)) ?? version));
    },
    words,
  });
}

/** What npm says of a script that failed is no reason. */
function words(result: RunResult): string | undefined {
  const stderr = result.stderr
    .split('\n')
    .filter(
      (line) =>
        !/^npm (warn|error (code|path|command|A complete log|Lifecycle|workspace|location))/i.test(line),
    )
    .join('\n');
  return nodeWords({ ...result, stderr }) ?? (stderr.trim().split('\n').slice(-6).join('\n') || undefined);
}

/** The scripts of a package.json that migrate, whatever is behind them. */
export const adapter: MigrationAdapter = {
  id: 'npm',
  title: 'npm scripts',
  can: { down: true, to: true, steps: true, create: true, preview: 'none' },
  detect: async ({ host, directory }) => (await findProject(host, directory))?.reason,
  owns: async ({ host, directory }) => {
    const project = await findProject(host, directory);
    if (project === undefined || project.found.root !== directory) return false;
    const tool = toolOf(project);
    // a script that says nothing may run the very SQL files that are there
    return project.configured || (tool !== undefined && toolNamed(tool)?.readsSql !== true);
  },
  status: async (where) => (await readStatus(where)).status,
  route,
  create: createWithScripts,
};
