import { OpError, type OpErrorKind } from '../../error.ts';

/** The sentence for a journal that cannot be written. */
export function unwritable(error: unknown, directory: string, kind: OpErrorKind): OpError {
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  return new OpError(
    kind,
    `The journal in ${directory} cannot be written (${code}), and without it a crash could not be cleaned up.`,
    'Make room or mend its permissions, or name another place with XDG_STATE_HOME.',
    error,
  );
}

/** For what nobody needs later: the disk may be full by now, and the run goes on. */
export function quietly(write: () => void): void {
  try {
    write();
  } catch {
    // what was written before says where it stopped
  }
}
