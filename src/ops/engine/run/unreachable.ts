import type { DbError, ErrorKind } from '../../../db/errors.ts';

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
