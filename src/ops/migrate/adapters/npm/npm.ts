import type { RunResult } from '../../../../targets/target.ts';
import { OpError } from '../../../error.ts';
import type { Fact, Step } from '../../../operation.ts';
import type { Destination, Direction, Item, Route, Where } from '../../types.ts';
import { nodeWords } from '../node-pg-migrate/node-pg-migrate.ts';
import type { Adapting } from '../shared/adapting.ts';
import { readApplied } from '../shared/history.ts';
import type { Command } from '../shared/programs.ts';
import { chooseAllUp, chooseDown, isApplied, movedBy, statusHash } from '../shared/status.ts';
import { toolStep } from '../shared/step.ts';
import { lockTimeoutOf } from '../shared/timeout.ts';
import { callOf, findProject } from './scripts.ts';
import { historyOf, type Survey, survey } from './survey.ts';

async function route(where: Where, direction: Direction, to: Destination): Promise<Route> {
  const found = await survey(where);
  const { project, history, status } = found;
  if (project.wrong !== undefined) throw new OpError('refused', project.wrong);
  const chosen = direction === 'up' ? up(found, to) : down(found, to);
  const facts: Fact[] = [
    { label: 'Connection', value: 'DATABASE_URL and the PG variables, where the scripts read them' },
    {
      label: 'History',
      value:
        history === undefined
          ? 'none that is known yet'
          : `${history.schema}.${history.table} of ${history.signature.tool}`,
    },
    ...(found.complete || direction === 'down'
      ? []
      : [{ label: 'Applies', value: 'what waits: the scripts do not say what that is' }]),
  ];
  return {
    direction,
    // without a list, that something is run has to be said all the same
    versions: direction === 'up' && !found.complete ? ['latest'] : versionsOf(chosen),
    hazards: [],
    facts,
    steps: direction === 'up' ? upSteps(where, found, chosen) : downSteps(where, found, chosen, to),
    statusHash: statusHash(status),
  };
}

function named(script: string | undefined, key: string): string {
  if (script !== undefined) return script;
  throw new OpError(
    'refused',
    `There is no script for ${key} in package.json.`,
    `Name it there: "pgdeck": {"migrate": {"${key}": "db:${key}"}}.`,
  );
}

/** A script applies all that wait, or none. */
function up({ status, complete }: Survey, to: Destination): Item[] {
  if (!complete && to.kind !== 'latest')
    throw new OpError(
      'refused',
      'The scripts do not say what waits, so there is no going up a part of it.',
      'Go up to the latest, or name a status script in package.json: pgdeck.migrate.status.',
    );
  return chooseAllUp(status.items, to, 'The script', 'Go up to the latest.');
}

function down({ history, applied }: Survey, to: Destination): Item[] {
  if (history === undefined)
    throw new OpError(
      'refused',
      'The database has no history that is known, so it is not certain what would be taken back.',
    );
  return chooseDown(applied, to);
}

const versionsOf = (items: readonly Pick<Item, 'version'>[]): string[] => items.map(({ version }) => version);

function upSteps(where: Where, found: Survey, chosen: readonly Item[]): Step[] {
  if (found.complete && chosen.length === 0) return [];
  const call = callOf(found.project, named(found.project.scripts.up, 'up'));
  const before = appliedOf(found);
  const after = found.complete ? movedBy(before, versionsOf(chosen), 'up') : undefined;
  return [
    step(where, found, call, {
      id: 'npm-up',
      title: 'Apply what waits',
      before,
      after,
      count: chosen.length,
    }),
  ];
}

/** With a script for it at once, otherwise one by one, each held against the history. */
function downSteps(where: Where, found: Survey, chosen: readonly Item[], to: Destination): Step[] {
  const { scripts } = found.project;
  let before = appliedOf(found);
  if (chosen.length === 0) return [];
  if (to.kind === 'to' && scripts.downTo !== undefined) {
    const stays = found.applied.at(-chosen.length - 1)?.version ?? to.version;
    const after = movedBy(before, versionsOf(chosen), 'down');
    const title = `Take back down to ${stays}`;
    return [
      step(where, found, callOf(found.project, scripts.downTo, stays), {
        id: 'npm-down',
        title,
        before,
        after,
        count: chosen.length,
      }),
    ];
  }
  const call = callOf(found.project, named(scripts.down, 'down'));
  return chosen.map(({ version }) => {
    const after = movedBy(before, [version], 'down');
    const one = step(where, found, call, {
      id: `npm-down-${version}`,
      title: `Take back ${version}`,
      before,
      after,
      count: 1,
    });
    before = after;
    return one;
  });
}

const appliedOf = ({ status }: Survey): Set<string> => new Set(versionsOf(status.items.filter(isApplied)));

interface Part {
  readonly id: string;
  readonly title: string;
  readonly before: ReadonlySet<string>;
  readonly after: ReadonlySet<string> | undefined;
  readonly count: number;
}

function step(where: Where, { project }: Survey, command: Command, part: Part): Step {
  return toolStep({
    ...part,
    where,
    tool: 'The script',
    driver: 'script',
    command,
    cwd: project.cwd,
    lockTimeout: lockTimeoutOf(where, false),
    applied: async (session) => {
      const table = await historyOf(session, project.found);
      return new Set(table === undefined ? [] : versionsOf(await readApplied(session, table)));
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
export const npmScripts: Adapting = {
  detect: async ({ directory }) => findProject(directory)?.reason,
  status: async (where) => (await survey(where)).status,
  route,
};
