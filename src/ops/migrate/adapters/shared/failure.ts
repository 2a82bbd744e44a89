import type { RunResult } from '../../../../hosts/host.ts';
import type { OpError } from '../../../error.ts';
import { adapterErrors, type Change, type Reason } from '../errors.ts';
import type { ToolRun } from './tool-run.ts';

interface Failed {
  readonly run: Pick<ToolRun, 'tool' | 'words'>;
  /** As it could be typed. */
  readonly command: string;
  readonly result: RunResult;
  /** By its exit code. */
  readonly succeeded: boolean;
  /** What the history says of it. */
  readonly changed: Change;
  /** What it should have been; undefined: not known. */
  readonly planned: Change | undefined;
}

/** Lines of output that tell why a program failed. */
const TAIL = 6;

/** What a program says, and the reason that it tells. */
const REASONS: readonly (readonly [RegExp, Reason])[] = [
  [/lock timeout|LockNotAvailable|55P03|could not obtain lock/i, 'locked'],
  [/CONCURRENTLY cannot (run|be executed)|cannot run inside a transaction block|25001/i, 'inTransaction'],
  [/Can't locate revision|Definitions of migrations? .*(deleted|missing)/i, 'fileGone'],
  [/Multiple head/i, 'severalHeads'],
  [/Another migration is already running/i, 'anotherRun'],
  [/is preceding already run migration/i, 'olderFile'],
  [/permission denied|InsufficientPrivilege|42501|must be owner/i, 'noRight'],
  [/password authentication failed|no password supplied|SASL|28P01/i, 'notLetIn'],
  [/could not connect|connection refused|ECONNREFUSED|could not translate host/i, 'notReached'],
  [/No module named|ModuleNotFoundError|ERR_MODULE_NOT_FOUND|Cannot find module/i, 'notInstalled'],
  [/Missing script/i, 'noScript'],
];

/** The failure of a tool: in its words, then what the history says, then what to do. */
export function failureOf({ run, command, result, succeeded, changed, planned }: Failed): OpError {
  const output = `${result.stdout}\n${result.stderr}`;
  const said = run.words?.(result) ?? lastLines(result);
  const reason = REASONS.find(([pattern]) => pattern.test(output))?.[1];
  const facts = { command, said, changed, planned, reason };
  return succeeded
    ? adapterErrors.notAsPlanned({ ...facts, tool: run.tool })
    : adapterErrors.toolFailed({ ...facts, exitCode: result.exitCode });
}

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

/** What a Node.js program died of, and the migration it was at, where node-pg-migrate says so. */
export function nodeWords({ stdout, stderr }: RunResult): string | undefined {
  const error = /^(?:\w*[Ee]rror|Invalid Action): .*$/m.exec(stderr)?.[0].replace(/^\w*[Ee]rror: /, '');
  const begun = [...stdout.matchAll(/^### MIGRATION (.*) \((?:UP|DOWN)\) ###$/gm)].at(-1)?.[1];
  return error === undefined || begun === undefined ? error : `${begun}: ${error}`;
}
