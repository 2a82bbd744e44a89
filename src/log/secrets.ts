import { ABOUT_ROLES, HIDDEN, withoutPasswords } from '../text/passwords.ts';
import type { LogEntry } from './entry.ts';

/** The parser quotes what it stumbled over, in the quotation marks of the log's language. */
const QUOTED = /["“„”«»「].*$/s;

/** An entry whose texts show no password. */
export function redacted(entry: LogEntry): LogEntry {
  const hidden = (text: string | null) => (text === null ? null : withoutPasswords(text));
  const message = withoutPasswords(entry.message);
  const slip =
    entry.statement !== null &&
    ABOUT_ROLES.test(entry.statement) &&
    /password|42601/i.test(`${entry.sqlstate} ${entry.statement}`);
  return {
    ...entry,
    message: slip && entry.severity === 'error' ? message.replace(QUOTED, HIDDEN) : message,
    detail: hidden(entry.detail),
    hint: hidden(entry.hint),
    internal_query: hidden(entry.internal_query),
    context: hidden(entry.context),
    statement: hidden(entry.statement),
  };
}
