import { DbError } from '../../../db/errors.ts';
import { cleanLine } from '../../../text/clean.ts';
import { OpError } from '../../error.ts';
import type { Statement } from '../sql/statement.ts';
import { runErrors } from './errors.ts';

/** What the server says of an error, as far as the driver hands it on. */
interface ServerFacts {
  readonly message?: unknown;
  readonly detail?: unknown;
  readonly hint?: unknown;
  readonly where?: unknown;
  /** Characters from 1, in the text that was sent. */
  readonly position?: unknown;
}

/** The error of a statement with its place in the file, what the server said and what it advises; others as they are. */
export function statementFailure(error: unknown, file: string, statement: Statement | undefined): unknown {
  if (!(error instanceof DbError) || error.kind === 'lost') return error;
  const { message, detail, where, hint, position } = (error.cause ?? {}) as ServerFacts;
  return runErrors.statement(
    {
      file,
      line: statement && lineOf(statement, Number(position ?? Number.NaN)),
      said: text(message) ?? error.message.replace(/\.$/, ''),
      code: error.code,
      detail: text(detail),
      where: text(where),
      hint: text(hint),
    },
    error,
  );
}

/** A failure that says no next step yet, with one. */
export function withNext(error: unknown, next: string): unknown {
  if (!(error instanceof OpError) || error.kind !== 'failed' || error.next !== undefined) return error;
  return error.withNext(next);
}

/** The line in the file of a character of the statement. */
function lineOf({ sql, line }: Statement, position: number): number {
  if (!(position >= 1)) return line;
  const before = [...sql].slice(0, position - 1);
  return line + before.filter((character) => character === '\n').length;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? cleanLine(value) : undefined;
}
