import type { DbError, ErrorKind } from '../../../db/errors.ts';
import type { CommandError } from '../../../hosts/host.ts';

const CANNOT_CONNECT: ReadonlySet<ErrorKind> = new Set<ErrorKind>([
  'unreachable',
  'starting',
  'slots',
  'lost',
  'tls',
  'auth',
  'no_database',
]);

/**
 * Whether the server could not be reached or let nobody in. The error is known by its name: the class would bring the
 * queries and their schemas into every start of the program.
 */
export function isUnreachable(error: unknown): error is DbError {
  return error instanceof Error && error.name === 'DbError' && CANNOT_CONNECT.has((error as DbError).kind);
}

/** Whether the way to where programs ran was lost, in whatever words that was told: nothing is known of what they do. */
export function isGone(error: unknown): boolean {
  for (let one = error; one instanceof Error; one = one.cause)
    if (one.name === 'CommandError' && (one as CommandError).kind === 'gone') return true;
  return false;
}
