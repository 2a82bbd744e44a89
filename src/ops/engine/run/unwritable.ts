import type { OpError, OpErrorKind } from '../../error.ts';
import { engineErrors } from '../errors.ts';

/** The sentence for a journal that cannot be written. */
export function unwritable(error: unknown, directory: string, kind: OpErrorKind): OpError {
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  const told = engineErrors.unwritable({ journal: directory, code }, error);
  return kind === told.kind ? told : told.as(kind);
}

/** For what nobody needs later: the disk may be full by now, and the run goes on. */
export function quietly(write: () => void): void {
  try {
    write();
  } catch {
    // what was written before says where it stopped
  }
}
