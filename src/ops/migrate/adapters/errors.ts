import { join } from 'node:path';
import { plural } from '../../../text/units.ts';
import { defineErrors, failed, refused } from '../../error.ts';
import type { Direction } from '../types.ts';

const NAME_DIRECTORY = 'Name its directory with --dir.';
const STATUS = 'See them with: pgdeck migrate status';

/** What has become of the history. */
export interface Change {
  readonly applied: readonly string[];
  readonly takenBack: readonly string[];
}

/** `a002 was applied, a003 was taken back`, `nothing changed`. */
export function changeText({ applied, takenBack }: Change): string {
  const told = (versions: readonly string[], what: string) =>
    versions.length === 0 ? [] : [`${versions.join(', ')} ${versions.length === 1 ? 'was' : 'were'} ${what}`];
  const parts = [...told(applied, 'applied'), ...told(takenBack, 'rolled back')];
  return parts.length === 0 ? 'nothing changed' : parts.join(', ');
}

const isNothing = ({ applied, takenBack }: Change): boolean => applied.length + takenBack.length === 0;

/** Why a tool fails, where that is known from what it says; and what to do about it. */
const REASONS = {
  locked: 'Somebody holds a lock on a table it changes: see who with pgdeck show locks, and run it again.',
  inTransaction:
    'The tool runs it in a transaction, which this statement refuses: mark the migration as one without.',
  fileGone: 'The history names a migration without a file: get the file back from version control.',
  severalHeads: 'The files have several ends: merge them (alembic merge heads), or name one with --to.',
  anotherRun: 'Wait for the other one, and look again.',
  olderFile: 'A file is older than one that is applied: give it a newer number, or apply it with --tool sql.',
  noRight: 'The role lacks a right: run it as the owner.',
  notLetIn: 'The tool was refused: make its settings read DATABASE_URL or the PG variables.',
  notReached: 'The tool does not reach the server: make its settings read DATABASE_URL or the PG variables.',
  notInstalled:
    'A part of it is not installed: install what the project needs, in its virtual environment or node_modules.',
  noScript: 'Name the scripts in package.json, below pgdeck.migrate.',
} as const;
export type Reason = keyof typeof REASONS;

const ended = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

export const adapterErrors = defineErrors('migrate.adapters', {
  // what is there of the tool
  /** `absent`: what there would be; without it a project of the tool. */
  noProject: ({
    tool,
    directory,
    absent = `is no project of ${tool}`,
  }: {
    tool: string;
    directory: string;
    absent?: string | undefined;
  }) => refused(`There ${absent} in ${directory}.`, NAME_DIRECTORY),
  /** `install`: what installs it, or what else there is. */
  notInstalled: ({ tool, install }: { tool: string; install: string }) =>
    refused(`${tool} was not found: ${install}.`),
  noAlembic: ({ tool, root }: { tool: string; root: string }) =>
    refused(
      `${tool} was not found.`,
      `Install it in ${join(root, '.venv')}, or activate the virtual environment that has it.`,
    ),
  /** `why`: the first problem that its status tells. */
  blocked: ({ why }: { why: string }) => refused(why),

  // which migrations
  ambiguous: ({ beginning, versions }: { beginning: string; versions: readonly string[] }) =>
    refused(`${beginning} is the beginning of ${versions.length} versions: ${versions.join(', ')}.`, STATUS),
  noRevision: ({ name }: { name: string }) => refused(`There is no revision or branch ${name}.`, STATUS),
  severalHeads: ({ heads, merge }: { heads: readonly string[]; merge: string }) =>
    refused(
      `The files have several ends that are not applied: ${heads.join(', ')}.`,
      `Merge them (${merge}), name one with --to, or apply them all with --to heads.`,
    ),
  branches: () =>
    refused(
      'The revisions have branches, so a number of steps does not say where to.',
      'Name the revision with --to.',
    ),
  baseIsDown: () => refused('The base is below everything.', 'Go down to it: pgdeck migrate down --base'),
  noDestination: () =>
    refused('It is not said how far down.', 'Give --steps N, --to VERSION (which stays) or --base.'),
  allOrNone: ({
    tool,
    waiting,
    chosen,
    instead,
  }: {
    tool: string;
    waiting: number;
    chosen: number;
    instead: string;
  }) => refused(`${tool} applies everything that waits (${waiting}), not ${chosen} of it.`, instead),
  tooManySteps: ({ n, have, direction }: { n: number; have: number; direction: Direction }) =>
    refused(
      `${plural(n, 'step')} ${n === 1 ? 'is' : 'are'} too many: ${have} ${have === 1 ? 'is' : 'are'} ${direction === 'up' ? 'not applied' : 'applied'}.`,
    ),
  noFile: ({ versions }: { versions: readonly string[] }) =>
    refused(
      `${versions.join(', ')} cannot be rolled back: there is no file of it.`,
      'Get the file back from version control.',
    ),
  noWayDown: ({ versions }: { versions: readonly string[] }) =>
    refused(
      `${versions.join(', ')} has no way down, so nothing is rolled back.`,
      'Write its way down, stop above it with --to, or restore a backup.',
    ),

  // the run of the tool: `said`: its own words
  changedSince: (change: Change) =>
    refused(`The history has changed since this was planned: ${changeText(change)}.`, 'Plan it again.'),
  notAsPlanned: ({
    command,
    tool,
    said,
    changed,
    planned,
    reason,
  }: {
    command: string;
    tool: string;
    said: string;
    changed: Change;
    planned: Change | undefined;
    reason: Reason | undefined;
  }) => {
    const none = isNothing(changed);
    const plan = none || planned === undefined ? '' : `; planned was that ${changeText(planned)}`;
    const elsewhere = `${tool} may work on another database: make its settings read DATABASE_URL or the PG variables.`;
    return failed(
      `${command} ended without an error, but not with what was planned: ${changeText(changed)}${plan}.${said === '' ? '' : ` It said: ${ended(said)}`}`,
      none ? (reason ? REASONS[reason] : elsewhere) : 'Look at it with: pgdeck migrate status',
    );
  },
  /** `planned`: undefined where it was not known what it would do. */
  toolFailed: ({
    command,
    exitCode,
    said,
    changed,
    planned,
    reason,
  }: {
    command: string;
    exitCode: number;
    said: string;
    changed: Change;
    planned: Change | undefined;
    reason: Reason | undefined;
  }) => {
    const state = isNothing(changed)
      ? 'The history is as it was.'
      : `By the history ${changeText(changed)}${planned === undefined ? '' : ', which is not what was planned'}.`;
    return failed(
      `${command} failed${exitCode === 0 ? '' : ` with exit code ${exitCode}`}:${said === '' ? ' it said nothing.' : ` ${ended(said)}`}`,
      `${state} ${reason ? REASONS[reason] : 'Fix it, and run it again.'}`,
    );
  },

  // where it runs
  addressThere: ({ place }: { place: string }) =>
    refused(
      `How the server is reached from ${place} is not said: the address of the profile is this machine's own.`,
      'Put its name and port there into the profile: migrations.runs_on.host and port.',
    ),

  // a new migration
  noModels: ({ tool }: { tool: string }) =>
    refused(`${tool} makes no migration from models.`, 'Leave --autogenerate out.'),
  notRun: ({ why }: { why: string }) => failed(why),
  noNewFile: ({ command, exitCode, said }: { command: string; exitCode: number; said: string }) =>
    failed(
      `${command} ${exitCode === 0 ? 'ended without an error, and there is no new file' : `failed with exit code ${exitCode}`}: ${said}`,
    ),
});
