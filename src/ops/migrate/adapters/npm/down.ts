import type { Check } from '../../../engine/plan.ts';
import { OpError } from '../../../error.ts';
import type { Destination, Item } from '../../types.ts';
import type { Applied } from '../shared/history.ts';
import { chooseDown, migrationsOf, refuseWithoutDown } from '../shared/status.ts';
import { type ScriptsProject, toolCallsOf } from './scripts.ts';
import type { ScriptsStatus } from './status.ts';
import { type ToolCall, takenBack } from './tools.ts';

/** One call of a script, and what it takes back. */
export interface DownCall {
  /** As it is configured: a script with what comes behind `--`. */
  readonly script: string;
  readonly values: Readonly<Record<string, string | undefined>>;
  /** The newest first. */
  readonly versions: readonly string[];
}

export interface DownPlan {
  readonly calls: readonly DownCall[];
  /** All of them, the newest first. */
  readonly versions: readonly string[];
  /** What is known of the tool, for the plan. */
  readonly behind: string;
  readonly checks: readonly Check[];
}

/**
 * What going down takes back, and the calls for it: what the tool behind the script does is planned, not what is hoped
 * of it. Throws OpError where it would take back more than was asked for, or everything.
 */
export function planDown(found: ScriptsStatus, to: Destination): DownPlan {
  const { project, applied, status } = found;
  const { scripts } = project;
  const chosen = chooseDown(applied, to, status.items);
  if (chosen.length === 0) return { calls: [], versions: [], behind: '', checks: [] };
  if (
    scripts.downTo !== undefined &&
    (to.kind === 'to' || (scripts.down === undefined && isBounded(scripts.downTo)))
  )
    return atOnce(found, scripts.downTo, chosen);
  return oneByOne(found, named(scripts.down), to, chosen);
}

const isBounded = (script: string): boolean => !script.includes('{version}');

function named(script: string | undefined): string {
  if (script !== undefined) return script;
  throw new OpError(
    'refused',
    'There is no script for down in package.json.',
    'Name it there: "pgdeck": {"migrate": {"down": "db:down"}}.',
  );
}

/** With a script that goes down to a version. */
function atOnce(found: ScriptsStatus, script: string, chosen: readonly Item[]): DownPlan {
  const versions = chosen.map(({ version }) => version);
  const values = { version: found.applied.at(-chosen.length - 1)?.version, first: versions.at(-1) };
  const effect = effectOf(found.project, script, values);
  const taken = effect.known ? effect.of(found.rows) : versions;
  const beyond = taken.filter((version) => !versions.includes(version));
  const short = versions.filter((version) => !taken.includes(version));
  if (beyond.length > 0)
    throw new OpError(
      'refused',
      `${effect.text} takes ${beyond.join(', ')} back, too, and nothing was done: ${beyond.length === 1 ? 'it is' : 'they are'} to stay.`,
      script.includes('{version}')
        ? 'Write {first}, the oldest that is taken back, in place of {version}: pgdeck.migrate.downTo in package.json.'
        : 'Mend pgdeck.migrate.downTo in package.json.',
    );
  if (short.length > 0)
    throw new OpError(
      'refused',
      `${effect.text} does not take ${short.join(', ')} back, so nothing was done.`,
      'Mend pgdeck.migrate.downTo in package.json.',
    );
  return {
    calls: [{ script, values, versions }],
    versions,
    behind: effect.text,
    checks: effect.known ? [] : [unknownCheck(found, script)],
  };
}

/** Call by call until what was chosen is gone, each of them with all that it takes back. */
function oneByOne(found: ScriptsStatus, script: string, to: Destination, chosen: readonly Item[]): DownPlan {
  const effect = effectOf(found.project, script, {});
  const wanted = new Set(chosen.map(({ version }) => version));
  const calls: DownCall[] = [];
  let left = found.rows;
  while (left.some(({ version }) => wanted.has(version)) && !enough(calls, to)) {
    const versions = effect.known ? effect.of(left) : left.slice(-1).map(({ version }) => version);
    if (versions.length === 0)
      throw new OpError(
        'refused',
        `${effect.text} takes none of ${[...wanted].join(', ')} back, so nothing was done.`,
        'Name another script: pgdeck.migrate.down in package.json.',
      );
    calls.push({ script, values: {}, versions });
    left = left.filter(({ version }) => !versions.includes(version));
  }
  const versions = calls.flatMap((call) => call.versions);
  refuseBeyond(found, effect, { calls, versions, wanted, to });
  refuseWithoutDown(found.applied.filter(({ version }) => versions.includes(version)));
  return {
    calls,
    versions,
    behind: effect.text,
    checks: effect.known ? largeChecks(effect.text, calls) : [unknownCheck(found, script)],
  };
}

const enough = (calls: readonly DownCall[], to: Destination): boolean =>
  to.kind === 'steps' && calls.reduce((n, { versions }) => n + versions.length, 0) >= to.n;

interface Planned {
  readonly calls: readonly DownCall[];
  readonly versions: readonly string[];
  readonly wanted: ReadonlySet<string>;
  readonly to: Destination;
}

/** More than was asked for; without a number it is the tool's own step that was asked for. */
function refuseBeyond(
  { rows }: ScriptsStatus,
  effect: Effect,
  { calls, versions, wanted, to }: Planned,
): void {
  if (to.kind === 'steps' && (to.implied === true || versions.length === to.n)) return;
  const beyond = versions.filter((version) => !wanted.has(version));
  if (beyond.length === 0) return;
  const last = calls.at(-1)?.versions ?? [];
  const below = calls.slice(0, -1).flatMap((call) => call.versions).length;
  const whole = below + last.length;
  const stays = rows.at(-whole - 1)?.version;
  const fits = [below, whole].filter((n) => n > 0).join(' or ');
  throw new OpError(
    'refused',
    `${effect.text} takes back ${migrationsOf(last.length)} at once (${last.join(', ')}), and ${beyond.join(', ')} ${beyond.length === 1 ? 'is' : 'are'} to stay. Nothing was done.`,
    to.kind === 'steps'
      ? `Take back ${fits}: --steps ${whole}, or name a script that takes back one: pgdeck.migrate.down in package.json.`
      : `Go ${stays === undefined ? 'to the base: --base' : `down to ${stays}: --to ${stays}`}, or name a script that takes back one: pgdeck.migrate.down in package.json.`,
  );
}

interface Effect {
  /** What it takes back is known, by the text of the script. */
  readonly known: boolean;
  /** The command of the tool, or what is said of one that is not known. */
  readonly text: string;
  /** Versions that it takes back of these, the newest first. */
  of(applied: readonly Applied[]): string[];
}

/** What a script takes back, by the tools that its text calls. Throws OpError for one that takes back everything. */
function effectOf(project: ScriptsProject, script: string, values: DownCall['values']): Effect {
  const calls = toolCallsOf(project, script, values);
  refuseAll(script, calls);
  const downs = calls.filter(({ does }) => does === 'down');
  const text = (downs.length > 0 ? downs : calls).map((call) => call.text).join(' && ');
  if (calls.some(({ does }) => does !== 'down' && does !== 'status'))
    throw new OpError(
      'refused',
      `The script ${script} calls ${calls.map((call) => call.text).join(' && ')}, which does something else than to take back.`,
      'Name another one: pgdeck.migrate.down in package.json.',
    );
  return {
    known: downs.length > 0,
    text: downs.length > 0 ? text : `The script ${script}`,
    of: (applied) => {
      let left = [...applied];
      return downs.flatMap(({ tool, down }) => {
        const taken = down === undefined ? [] : takenBack(tool, down, left);
        left = left.filter((row) => !taken.includes(row));
        return taken.map(({ version }) => version);
      });
    },
  };
}

/** Throws OpError for a script that takes back everything, whatever it is called. */
export function refuseAll(script: string, calls: readonly ToolCall[]): void {
  const all = calls.find(({ down }) => down?.kind === 'all');
  if (all === undefined) return;
  throw new OpError(
    'refused',
    `The script ${script} takes back every migration (${all.text}), and is not run.`,
    'Name one that takes back one at a time: "pgdeck": {"migrate": {"down": "SCRIPT"}} in package.json.',
  );
}

/** A single call that takes back several. */
function largeChecks(text: string, calls: readonly DownCall[]): Check[] {
  return calls
    .filter(({ versions }) => versions.length > 1)
    .map(({ versions }) => ({
      title: 'Batch',
      status: 'warn',
      detail: `${text} takes back ${migrationsOf(versions.length)} at once: ${versions.join(', ')}.`,
    }));
}

/** It may take back more than is planned: that is told when it has. */
function unknownCheck({ history, rows }: ScriptsStatus, script: string): Check {
  const batch = history?.signature.tool === 'knex' ? takenBack('knex', { kind: 'batch' }, rows).length : 1;
  const large = batch > 1 ? ` The history is one of knex, whose rollback takes back ${batch} of them.` : '';
  return {
    title: 'Script',
    status: 'warn',
    detail: `Which tool the script ${script.split(' ')[0]} runs is not known from its text, nor how much it takes back: the history is compared after each call.${large}`,
  };
}
