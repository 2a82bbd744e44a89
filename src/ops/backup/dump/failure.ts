import { basename } from 'node:path';
import { DbError, type ErrorKind } from '../../../db/errors.ts';
import { CommandError } from '../../../hosts/host.ts';
import { cleanBlock } from '../../../text/clean.ts';
import { engineErrors } from '../../engine/errors.ts';
import { OpError } from '../../error.ts';
import { backupErrors } from '../errors.ts';

/** Lines of stderr that tell why a program failed. */
const TAIL = 12;

/** What pg_dump says in the language C, and what it means. */
const KNOWN: readonly (readonly [
  said: RegExp,
  means: (found: RegExpExecArray, place: string, cause: unknown) => OpError,
])[] = [
  [
    /No space left on device|Disk quota exceeded/,
    (_, place, cause) => backupErrors.diskFull({ place }, cause),
  ],
  [/out of shared memory/, (_, __, cause) => backupErrors.tooManyLocks(cause)],
  [
    /permission denied for large object (\d+)/,
    ([, oid], _, cause) => backupErrors.deniedObject({ oid }, cause),
  ],
  [
    /permission denied for (?:table|relation|sequence|schema|materialized view|view) (.*)/,
    ([, relation], _, cause) => backupErrors.denied({ relation }, cause),
  ],
  [
    /query would be affected by row-level security policy for table (.*)/,
    ([, table], _, cause) => backupErrors.rowSecurity({ table }, cause),
  ],
  [
    /canceling statement due to (?:lock|statement) timeout[\s\S]*?LOCK TABLE ((?:ONLY )?.*?)(?: IN ACCESS|$)/m,
    ([, table], _, cause) => backupErrors.locked({ table }, cause),
  ],
  [
    /could not obtain lock on relation (.*)/,
    ([, relation], _, cause) => backupErrors.wanted({ relation }, cause),
  ],
  [/conflict with recovery/, (_, __, cause) => backupErrors.replay(cause)],
  [
    /server version: ([\w.]+)[\s\S]*?pg_dump version: ([\w.]+)/,
    ([, server, client], _, cause) => backupErrors.oldClient({ client, server }, cause),
  ],
  [
    /(?:server closed the connection unexpectedly|terminating connection|the database system is|connection to server was lost|Connection refused)/,
    (_, __, cause) => backupErrors.serverGone(cause),
  ],
  [
    /no matching (?:tables|schemas) were found(?: for pattern "?(.*?)"?)?$/m,
    ([, name], _, cause) => backupErrors.gone({ name }, cause),
  ],
];

function known(text: string, place: string, cause: unknown): OpError | undefined {
  for (const [said, means] of KNOWN) {
    const found = said.exec(text);
    if (found) return means(found, place, cause);
  }
  return undefined;
}

/** Why a program that wrote a backup has failed. `stderr` is what it said, without secrets. */
export function dumpFailure(command: string, exitCode: number, stderr: string, place: string): OpError {
  const said = cleanBlock(stderr.trim()).split('\n').slice(-TAIL).join('\n');
  return known(said, place, said) ?? engineErrors.program({ program: basename(command), exitCode, said });
}

const GONE: ReadonlySet<ErrorKind> = new Set(['lost', 'starting', 'unreachable']);

/** The same, where one of our own connections was the first to notice. */
function countFailure(error: unknown): unknown {
  if (!(error instanceof DbError)) return error;
  if (GONE.has(error.kind)) return backupErrors.serverGone(error);
  return known(error.message, 'the repository', error) ?? error;
}

/** The same of all that a dump does at once: a program that could not connect any more does not know why. */
export async function dumpingFailure(error: unknown, hold: { lost(): Promise<unknown> }): Promise<unknown> {
  const unknown =
    error instanceof OpError && ['engine.program', 'backup.serverGone'].includes(error.code ?? '');
  if (!unknown) return countFailure(error);
  const lost = await hold.lost();
  if (lost instanceof OpError || lost instanceof CommandError) return lost;
  return lost instanceof DbError && GONE.has(lost.kind) ? backupErrors.serverGone(error) : error;
}
