import { Later, Outcome, type Told } from '../../outcome.ts';
import type { Secrets } from '../secrets.ts';

/** How a step ended: an outcome, why it failed, or just done. */
export type End = Outcome | string | undefined;

/** Runs a step. What it threw, or that it was cancelled, is why it failed. */
export async function attempt(
  work: () => Promise<unknown>,
  signal: AbortSignal | undefined,
  thrown: (error: unknown) => string,
): Promise<End | Later> {
  try {
    const answer = await work();
    if (answer instanceof Outcome || answer instanceof Later) return answer;
    signal?.throwIfAborted();
    return undefined;
  } catch (error) {
    const sentence = thrown(error);
    return signal?.aborted ? 'cancelled.' : sentence;
  }
}

/** Sees to the end of a step that comes to it later. */
export async function lastly({ end }: Later, thrown: (error: unknown) => string): Promise<End> {
  try {
    return await end();
  } catch (error) {
    return thrown(error);
  }
}

interface Finish {
  readonly ok: boolean;
  readonly text?: string;
  readonly outcome?: Told;
}

/** The end of a step as it is told, without what nobody may read. */
export function finishOf(end: End, secrets: Secrets): Finish {
  if (end === undefined) return { ok: true };
  if (typeof end === 'string') return { ok: false, text: secrets.redact(end) };
  const facts = Object.entries(end.facts).map(([name, value]) => [name, secrets.redactAll(value)] as const);
  return {
    ok: end.ok,
    text: secrets.redact(end.text),
    outcome: { kind: end.kind, facts: Object.fromEntries(facts) },
  };
}
