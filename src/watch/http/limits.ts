/** What a client may take: whoever asks in vain, slowly or much must cost the sampling nothing. */
export const LIMITS = {
  /** A request has to be here within. */
  requestMs: 5_000,
  /** How often that is looked at. */
  checkedMs: 250,
  /** A connection without a request is kept for. */
  idleMs: 5_000,
  headerBytes: 8 * 1024,
  bodyBytes: 1024,
  connections: 100,
  requestsPerConnection: 1_000,
  /** Who was refused has so long to read why. */
  refusedMs: 500,
  /** An answer has to be taken within. */
  answerMs: 10_000,
  /** Answers that are on their way have so long at the end. */
  closingMs: 250,
} satisfies Record<string, number>;

export type Limits = typeof LIMITS;
