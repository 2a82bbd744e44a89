import type { RunResult } from '../../../../hosts/host.ts';
import { OpError } from '../../../error.ts';
import type { ToolRun } from './tool-run.ts';

interface Failed {
  readonly run: Pick<ToolRun, 'tool' | 'words' | 'after' | 'before'>;
  /** As it could be typed. */
  readonly command: string;
  readonly result: RunResult;
  /** By its exit code. */
  readonly succeeded: boolean;
  /** What the history says of it. */
  readonly changed: string;
  /** What it should have been, said in the same way. */
  readonly planned: string;
  /** The history is as it was. */
  readonly none: boolean;
}

/** Lines of output that tell why a program failed. */
const TAIL = 6;

/** What a reason means, and what to do about it, in one sentence of ours. */
const MEANINGS: readonly (readonly [RegExp, string])[] = [
  [
    /lock timeout|LockNotAvailable|55P03|could not obtain lock/i,
    'Somebody holds a lock on a table it changes: see who with pgdeck show locks, and run it again.',
  ],
  [
    /CONCURRENTLY cannot (run|be executed)|cannot run inside a transaction block|25001/i,
    'The tool runs it in a transaction, which this statement refuses: mark the migration as one without.',
  ],
  [
    /Can't locate revision|Definitions of migrations? .*(deleted|missing)/i,
    'The history names a migration without a file: get the file back from version control.',
  ],
  [/Multiple head/i, 'The files have several ends: merge them (alembic merge heads), or name one with --to.'],
  [/Another migration is already running/i, 'Wait for the other one, and look again.'],
  [
    /is preceding already run migration/i,
    'A file is older than one that is applied: give it a newer number, or apply it with --tool sql.',
  ],
  [
    /permission denied|InsufficientPrivilege|42501|must be owner/i,
    'The role lacks a right: run it as the owner.',
  ],
  [
    /password authentication failed|no password supplied|SASL|28P01/i,
    'The tool was refused: make its settings read DATABASE_URL or the PG variables.',
  ],
  [
    /could not connect|connection refused|ECONNREFUSED|could not translate host/i,
    'The tool does not reach the server: make its settings read DATABASE_URL or the PG variables.',
  ],
  [
    /No module named|ModuleNotFoundError|ERR_MODULE_NOT_FOUND|Cannot find module/i,
    'A part of it is not installed: install what the project needs, in its virtual environment or node_modules.',
  ],
  [/Missing script/i, 'Name the scripts in package.json, below pgdeck.migrate.'],
];

/** The failure of a tool: in its words, then what the history says, then what to do. */
export function failureOf({ run, command, result, succeeded, changed, planned, none }: Failed): OpError {
  const output = `${result.stdout}\n${result.stderr}`;
  const words = run.words?.(result) ?? lastLines(result);
  const state = none
    ? 'The history is as it was.'
    : `By the history ${changed}${run.after === undefined ? '' : ', which is not what was planned'}.`;
  const meaning = MEANINGS.find(([pattern]) => pattern.test(output))?.[1];
  if (succeeded)
    return new OpError(
      'failed',
      `${command} ended without an error, but not with what was planned: ${changed}${none ? '' : `; planned was that ${planned}`}.${said(words)}`,
      none
        ? `${meaning ?? `${run.tool} may work on another database: make its settings read DATABASE_URL or the PG variables.`}`
        : 'Look at it with: pgdeck migrate status',
    );
  const code = result.exitCode === 0 ? '' : ` with exit code ${result.exitCode}`;
  return new OpError(
    'failed',
    `${command} failed${code}:${words === '' ? ' it said nothing.' : ` ${ended(words)}`}`,
    `${state} ${meaning ?? 'Mend it, and run it again.'}`,
  );
}

const said = (words: string): string => (words === '' ? '' : ` It said: ${ended(words)}`);
const ended = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

function lastLines({ stdout, stderr }: RunResult): string {
  const text = stderr.trim() === '' ? stdout : stderr;
  return text
    .trim()
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(-TAIL)
    .join('\n');
}

/** What a Python program died of: its last exception, and the statement where SQLAlchemy names it. */
export function pythonWords({ stdout, stderr }: RunResult): string | undefined {
  const failed = /^FAILED: (.*)$/m.exec(stdout)?.[1] ?? /^\s*FAILED: (.*)$/m.exec(stderr)?.[1];
  if (failed !== undefined) return failed.trim();
  const logged = /^ERROR \[flask_migrate\] Error: (.*)$/m.exec(stderr)?.[1];
  if (logged !== undefined) return logged.trim();
  const at = stderr.lastIndexOf('Traceback (most recent call last)');
  if (at < 0) return undefined;
  const after = stderr.slice(at).split('\n').slice(1);
  // frames are indented, the exception is not
  const start = after.findIndex((line) => /^[A-Za-z_]/.test(line));
  if (start < 0) return undefined;
  const [first = '', ...rest] = after.slice(start);
  const message = first.replace(/^[\w.]*\.(\w+): \((?:[\w.]+\.)?(\w+)\) /, '$2: ');
  const statement = rest.join('\n').match(/^\[SQL: ([\s\S]*?)\]$/m)?.[1];
  const detail = rest.find((line) => /^(DETAIL|HINT): /.test(line));
  return [message.trim(), detail?.trim(), statement && `in: ${statement.replaceAll(/\s+/g, ' ').trim()}`]
    .filter((part) => part)
    .join('\n');
}
