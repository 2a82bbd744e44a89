import { uncapital } from '../../../text/capital.ts';
import { OpError } from '../../error.ts';
import type { Backup } from '../../repository/repository.ts';

/** The bytes are not those that were written: no program that reads them can tell. */
export class Damage extends OpError {
  constructor(sentence: string) {
    super('failed', sentence, 'Use another backup: pgdeck backups list');
  }
}

/** Somebody wrote to a file while it was read: neither what it was nor what it is was read. */
export class Changed extends OpError {
  constructor(path: string) {
    super('failed', `${path} was changed while it was read.`, 'See who writes there, and try again.');
  }
}

/** A backup could not be tried, for a reason that is not its own: that proves nothing, and speaks against nothing. */
export class Untried extends OpError {
  /** `why`: sentences. */
  constructor({ id }: Pick<Backup, 'id'>, why: string, next?: string, cause?: unknown) {
    // names keep their letters
    const clause = /^(A|All|It|No|The|There|This)\b/.test(why) ? uncapital(why) : why;
    const end = /[.!?]$/.test(clause) ? '' : '.';
    super(
      'failed',
      `${id} could not be tried, because ${clause}${end} That says nothing of the backup, whose status stays as it is.`,
      next,
      cause,
    );
  }
}
