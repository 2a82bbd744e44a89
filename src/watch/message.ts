import type { Change } from '../alerts/alert.ts';
import type { Message } from '../notify/message.ts';
import { duration } from '../text/units.ts';

/** What is sent of an alert that was raised or resolved; nothing of one that has only changed. */
export function messageOf({ state, alert }: Change, server: string, at: number): Message | undefined {
  const { check, object, severity, value, threshold, title, since } = alert;
  if (state === 'updated' || severity === 'info') return undefined;
  const sentence = /[.!?]$/.test(title) ? title : `${title}.`;
  const text =
    state === 'raised'
      ? `${severity.toUpperCase()} on ${server}: ${sentence}`
      : `Resolved on ${server} after ${duration(Math.max(0, at - since) / 1000)}: ${sentence}`;
  return { text, check, object, state, severity, value, threshold, server, at: new Date(at).toISOString() };
}
