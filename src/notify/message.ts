import type { Severity } from '../config/notify.ts';

/** What is told outside: the body of a webhook, the input of a command, and what a mail says. */
export interface Message {
  /** One sentence, which chat programs show. */
  readonly text: string;
  /** What was looked at: `lock_waits`, `backup_failed`. */
  readonly check: string;
  /** What it is about: a database, a relation; null where it is the server. */
  readonly object: string | null;
  readonly state: 'raised' | 'resolved';
  readonly severity: Severity;
  readonly value: number | null;
  readonly threshold: number | null;
  /** `user@host:port/database`, never a password. */
  readonly server: string;
  /** ISO 8601. */
  readonly at: string;
}

/** The same as JSON, with exactly these fields in this order, whatever else the object carries. */
export function jsonOf(message: Message): string {
  const { text, check, object, state, severity, value, threshold, server, at } = message;
  return JSON.stringify({ text, check, object, state, severity, value, threshold, server, at });
}
