import type { BackupScope } from '../../repository/manifest.ts';

/** Where a backup was loaded, as far as it decides whose fault a failure is. */
export interface Loaded {
  readonly scope: BackupScope | null;
  /** Why the place is not what the backup was made on, one sentence; undefined where it is. */
  readonly differs: string | undefined;
}

/** What only the content of a backup can cause, where it is loaded into what it was made on. */
const CONTENT = [
  /syntax error|unterminated|malformed|literal carriage return|literal newline/,
  /violates .*(constraint|not-null)|duplicate key|could not create unique index|already exists/,
  /invalid (input syntax|input value|byte sequence|command|escape|hexadecimal|sign|digit)/,
  /(missing|extra) data|out of range|too (long|short) for|end-of-copy|incorrect COPY/,
  // of the archive itself
  /unexpected (end|data|EOF)|end of file|could not (read|uncompress|decompress|find block)|corrupt|magic string/,
  /found unexpected block|invalid compress|data error|valid archive|unrecognized (data block|command)/,
];

/** What is lacking, of the kinds that a whole backup brings along. */
const LACKING =
  /(relation|table|view|sequence|index|column|function|procedure|aggregate|type|domain|operator|schema|constraint|trigger|rule) .*does not exist/;

/**
 * Whether a load that failed speaks against the backup. Only what its own content can cause does: a role, a tablespace,
 * an extension, a locale or space that is lacking does not, nor does a server or a program that was ended, nor what
 * nobody has thought of.
 */
export function speaksAgainst(message: string, { scope, differs }: Loaded): boolean {
  if (differs !== undefined) return false;
  const error = firstError(message);
  if (CONTENT.some((pattern) => pattern.test(error))) return true;
  // a part of a database may need what is in the rest
  return (scope === null || scope === 'full') && LACKING.test(error);
}

/** Several processes of pg_restore write into each other's lines: what one reports where another began its error. */
const TORN = /error: +(finished|launching|processing|creating|executing|connecting|entering|restoring) /;
const PREFIXED = /^pg_restore\b|failed with exit code/;

/** The line that says what went wrong first; the others follow from it, as that of a process whose worker gave up does. */
export function firstError(message: string): string {
  const lines = message.split('\n');
  const torn = lines.some((line) => TORN.test(line));
  const errors = lines.filter(
    (line) =>
      !TORN.test(line) &&
      (/(ERROR|FATAL|PANIC): |\berror: /.test(line) || (torn && line !== '' && !PREFIXED.test(line))),
  );
  return errors.find((line) => !/worker process died/.test(line)) ?? errors[0] ?? lines.at(-1) ?? '';
}

/** What to do about what the place lacks. */
export function remedyFor(message: string): string {
  if (/No space left on device|disk quota|could not extend file/i.test(message))
    return 'Make room there, or name another directory with TMPDIR, and try again.';
  if (/out of (shared )?memory|Cannot allocate memory|was killed/i.test(message))
    return 'Try again when the machine has memory to spare.';
  return 'Fix that and try again; until then use --level counts.';
}
