import { z } from 'zod';
import type { OpEvent } from '../engine/plan.ts';
import { OUTCOME_KINDS, type SignalEvent, type SignalPlan } from './types.ts';

const outcomeFacts = z.object({
  seconds: z.number(),
  reason: z.string().optional(),
  remedy: z.string().optional(),
});

const effectFacts = z.object({
  waiters: z
    .object({
      freed: z.int(),
      inTurn: z.int(),
      waiting: z.int(),
      by: z.array(z.int()),
      gone: z.int().optional(),
    })
    .nullable(),
});

/** What an event of a run tells of its victims, or of those who waited; undefined for the runner's own. */
export function signalEvent({ victims }: SignalPlan, event: OpEvent): SignalEvent | undefined {
  if (event.type !== 'finish') return undefined;
  const victim = victims[event.step];
  const { outcome } = event;
  if (victim === undefined) return outcome && { kind: 'effect', ...effectFacts.parse(outcome.facts) };
  const kind = OUTCOME_KINDS.find((one) => one === outcome?.kind);
  // what the runner alone knows of is told as the failure that it is
  if (outcome === undefined || kind === undefined)
    return { victim, kind: 'failed', seconds: event.ms / 1000, ...(event.text && { reason: event.text }) };
  const { seconds, reason, remedy } = outcomeFacts.parse(outcome.facts);
  return {
    ...{ victim, kind, seconds },
    ...(reason !== undefined && { reason }),
    ...(remedy !== undefined && { remedy }),
  };
}
