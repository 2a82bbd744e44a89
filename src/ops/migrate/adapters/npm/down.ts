import type { Check } from '../../../engine/plan.ts';
import type { Destination, Item } from '../../types.ts';
import type { Applied } from '../shared/history.ts';
import { chooseDown, migrationsOf, refuseWithoutDown } from '../shared/status.ts';
import { type ToolCall, takenBack } from './calls.ts';
import { npmErrors } from './errors.ts';
import { type ScriptsProject, toolCallsOf } from './scripts.ts';
import type { ScriptsStatus } from './status.ts';

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
  throw npmErrors.noScript({ direction: 'down' });
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
    throw npmErrors.takesMore({ call: effect.text, beyond, byVersion: !isBounded(script) });
  if (short.length > 0) throw npmErrors.takesLess({ call: effect.text, missing: short });
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
    if (versions.length === 0) throw npmErrors.takesNone({ call: effect.text, wanted: [...wanted] });
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
  throw npmErrors.severalAtOnce({
    call: effect.text,
    taken: last,
    beyond,
    below,
    stays: rows.at(-below - last.length - 1)?.version,
    bySteps: to.kind === 'steps',
  });
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
    throw npmErrors.doesMore({ script, calls: calls.map((call) => call.text) });
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
  if (all !== undefined) throw npmErrors.takesAll({ script, call: all.text });
}

/** A single call that takes back several. */
function largeChecks(text: string, calls: readonly DownCall[]): Check[] {
  return calls
    .filter(({ versions }) => versions.length > 1)
    .map(({ versions }) => ({
      title: 'Batch',
      status: 'warn',
      detail: `${text} rolls back ${migrationsOf(versions.length)} at once: ${versions.join(', ')}.`,
    }));
}

/** It may take back more than is planned: that is told when it has. */
function unknownCheck({ history, rows }: ScriptsStatus, script: string): Check {
  const batch = history?.tool.of === 'knex' ? takenBack('knex', { kind: 'batch' }, rows).length : 1;
  const large = batch > 1 ? ` The history is one of knex, whose rollback rolls back ${batch} of them.` : '';
  return {
    title: 'Script',
    status: 'warn',
    detail: `Which tool the script ${script.split(' ')[0]} runs is not known from its text, nor how much it rolls back: the history is compared after each call.${large}`,
  };
}
