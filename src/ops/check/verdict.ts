import type { DbError } from '../../db/errors.ts';
import type { Part } from './scope.ts';

/** What is known of a part after it was looked at. */
export type Verdict =
  | 'ok'
  | 'damaged'
  /** The server's process came to its end while it looked. */
  | 'crashed'
  | 'not checked';

export interface Finding {
  readonly part: Part;
  readonly verdict: Verdict;
  /** By what: `bt_index_check`, `read`; empty where nothing was done. */
  readonly method: string;
  /** What was found, or why it was not looked at: the end of a sentence, in the server's words where it has any. */
  readonly text: string;
}

export const isBad = ({ verdict }: Pick<Finding, 'verdict'>): boolean =>
  verdict === 'damaged' || verdict === 'crashed';

/**
 * Whether the server says that what it reads is damaged: XX001 and XX002 by name; XX000 where it found what cannot be
 * (a length of gigabytes); 58 where its file is not there, or cannot be read.
 */
export function saysDamaged({ code = '' }: Pick<DbError, 'code'>): boolean {
  return /^(XX|58)/.test(code);
}

/** The words of the server, without a full stop. */
export function wordsOf({ message }: Pick<DbError, 'message'>): string {
  return message
    .replace(/^(Not permitted|This server cannot answer|The server gave it up): /, '')
    .replace(/\.$/, '');
}

/** Why something could not be looked at, where neither it nor the connection is broken. */
export function whyNot(error: DbError): string {
  switch (error.code) {
    case '42P01':
      return 'it was dropped meanwhile';
    case '40001':
    case '40P01':
      return `the standby's replay came between: ${wordsOf(error)}`;
    case '57014':
      return 'the time limit was over';
    default:
      return wordsOf(error);
  }
}
