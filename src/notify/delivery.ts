import type { Message } from './message.ts';

/** Why a message will not arrive. */
export interface GivenUp {
  /** Of the channel. */
  readonly label: string;
  readonly message: Message;
  /** One sentence, without a secret. */
  readonly reason: string;
}

/** One of those who are told. */
export interface Address {
  readonly label: string;
  /** Which one of those with this label: two webhooks of one host are told alike. */
  readonly nth: number;
}

/** A message that has not arrived yet: plain data, to be kept while nobody runs. */
export interface Kept extends Address {
  readonly message: Message;
  /** How long it has been tried already. */
  readonly tried_ms: number;
}

/** How a channel does. */
export interface ChannelState {
  readonly label: string;
  readonly pending: number;
  readonly sent: number;
  readonly given_up: number;
  /** Why the last attempt failed; null when it did not. */
  readonly failure: string | null;
}
