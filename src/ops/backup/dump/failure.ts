import { basename } from 'node:path';
import { DbError } from '../../../db/errors.ts';
import { cleanBlock } from '../../../text/clean.ts';
import { OpError } from '../../error.ts';

/** Lines of stderr that tell why a program failed. */
const TAIL = 12;

const GONE = 'The server ended the connection while it was read.';
const AGAIN = 'See why in its log, then run the backup again; nothing of this one was kept.';

const REPLAY = 'Replay on this standby cancelled the dump.';
const STANDBY =
  'Raise max_standby_streaming_delay or set hot_standby_feedback there, or back the primary up.';

/** What pg_dump says in the language C, and what it means: a sentence and the next step. */
const KNOWN: readonly (readonly [
  said: RegExp,
  sentence: (found: RegExpExecArray, place: string) => string,
  next: string,
])[] = [
  [
    /No space left on device|Disk quota exceeded/,
    (_, place) => `The disk of ${place} is full.`,
    'Make room there, or name another directory with --dir; nothing of this backup was kept.',
  ],
  [
    /out of shared memory/,
    () => 'The server has no room for a lock on each table.',
    'Raise max_locks_per_transaction and restart it, or back up fewer tables at a time with --data-only --schema.',
  ],
  [
    /permission denied for large object (\d+)/,
    ([, oid]) => `This role may not read large object ${oid}.`,
    'Connect as a superuser or as the owner of the large objects.',
  ],
  [
    /permission denied for (?:table|relation|sequence|schema|materialized view|view) (.*)/,
    ([, name]) => `This role may not read ${name}.`,
    'Connect as a member of pg_read_all_data (14 and later) or as a superuser.',
  ],
  [
    /query would be affected by row-level security policy for table (.*)/,
    ([, name]) => `Row security would hide rows of ${name} from this role.`,
    'Connect as a role with BYPASSRLS or as a superuser.',
  ],
  [
    /canceling statement due to (?:lock|statement) timeout[\s\S]*?LOCK TABLE ((?:ONLY )?.*?)(?: IN ACCESS|$)/m,
    ([, name]) => `A table stayed locked by another session: ${name}.`,
    'See who holds it with: pgdeck show locks',
  ],
  [
    /could not obtain lock on relation (.*)/,
    ([, name]) => `Another session asked for ${name} exclusively while it was dumped.`,
    'Run it again when no definitions are changed, or with --jobs 1.',
  ],
  [/conflict with recovery/, () => REPLAY, STANDBY],
  [
    /server version: ([\w.]+)[\s\S]*?pg_dump version: ([\w.]+)/,
    ([, server, client]) => `pg_dump ${client} cannot read a server of ${server}.`,
    "Install the client programs of the server's version.",
  ],
  [
    /(?:server closed the connection unexpectedly|terminating connection|the database system is|connection to server was lost|Connection refused)/,
    () => GONE,
    AGAIN,
  ],
  [
    /no matching (?:tables|schemas) were found(?: for pattern "?(.*?)"?)?$/m,
    ([, name]) => `What was chosen is not there any more${name === undefined ? '' : `: ${name}`}.`,
    'Plan the backup again.',
  ],
];

/** Why a program that wrote a backup has failed. `stderr` is what it said, without secrets. */
export function dumpFailure(command: string, exitCode: number, stderr: string, place: string): OpError {
  const said = cleanBlock(stderr.trim()).split('\n').slice(-TAIL).join('\n');
  for (const [pattern, sentence, next] of KNOWN) {
    const found = pattern.exec(said);
    if (found) return new OpError('failed', sentence(found, place), next, said);
  }
  return new OpError(
    'failed',
    `${basename(command)} failed with exit code ${exitCode}${said === '' ? '.' : `:\n${said}`}`,
  );
}

/** The same, where one of our own connections was the first to notice. */
export function countFailure(error: unknown): unknown {
  if (!(error instanceof DbError)) return error;
  if (['lost', 'starting', 'unreachable'].includes(error.kind))
    return new OpError('failed', GONE, AGAIN, error);
  const said = KNOWN.find(([pattern]) => pattern.exec(error.message) !== null);
  const found = said?.[0].exec(error.message);
  if (said === undefined || !found) return error;
  return new OpError('failed', said[1](found, 'the repository'), said[2], error);
}
