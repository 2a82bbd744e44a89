import { logFiles, logSetup, logZones, systemIdentifier } from '../db/queries/log.ts';
import type { LogEntry } from './entry.ts';
import { logBytes } from './sql-source.ts';

const ASKED = [logSetup, logFiles, logBytes, logZones, systemIdentifier].flatMap(({ variants }) =>
  variants.flatMap(({ sql }) => (typeof sql === 'string' ? [sql] : [])),
);

/** `execute log.bytes: `, also behind a duration and in any language: no statement ends like this. */
const BEFORE = /^[^\n]{0,200}:\s{0,2}$/;

/**
 * What pgdeck itself asks for the log: with log_statement = all, reading it writes to it. Word for word: whoever writes
 * more than that, or a comment that looks like it, is shown.
 */
export function isOwn({ severity, message }: LogEntry): boolean {
  if (severity !== 'log') return false;
  const sql = ASKED.find((one) => message.endsWith(one));
  return sql !== undefined && BEFORE.test(message.slice(0, -sql.length));
}
