import type { Message } from './message.ts';

/** Somebody outside who is told. */
export interface Channel {
  /** Which one, without its secret: `https://hooks.slack.com/…`. */
  readonly label: string;
  /**
   * Settles within a time of its own, and soon after the signal aborts. Rejects with a
   * {@link file://./errors.ts NotifyError}, which names no secret.
   */
  send(message: Message, signal: AbortSignal): Promise<void>;
}
