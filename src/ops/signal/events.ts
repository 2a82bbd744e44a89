import { z } from 'zod';
import type { OpEvent } from '../engine/plan.ts';
import { OUTCOME_KINDS, type SignalEvent, type SignalPlan } from './types.ts';

const outcomeFacts = z.object({
  seconds: z.number(),
  reason: z.string().optional(),
  remedy: z.string().optional(),
});

const effectFacts = z.object({
  waiters: z.object({ freed: z.int(), inTurn: z.int(), waiting: z.int(), by: z.array(z.int()) }).nullable(),
});

/** What an event of a run tells of its victims, or of those who waited; undefined for the runner's own. */
export function signalEvent({ victims }: SignalPlan, event: OpEvent): SignalEvent | undefined {
  if (event.type !== 'finish' || event.outcome === undefined) return undefined;
  const { kind: told, facts } = event.outcome;
  const victim = victims[event.step];
  if (victim === undefined) return { kind: 'effect', ...effectFacts.parse(facts) };
  const kind = OUTCOME_KINDS.find((one) => one === told);
  if (kind === undefined) return undefined;
  const { seconds, reason, remedy } = outcomeFacts.parse(facts);
  return {
    ...{ victim, kind, seconds },
    ...(reason !== undefined && { reason }),
    ...(remedy !== undefined && { remedy }),
  };
}
