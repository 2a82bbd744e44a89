import type { Run } from '../engine/journal/runs.ts';
import type { OpEvent } from '../engine/plan.ts';
import { type About, checkOf } from './subject.ts';

/** How a run has ended. */
export interface Ended extends About {
  readonly ms: number;
  /** `open`: it says nothing of what it is about. A person has stopped it, it was killed, or it was refused. */
  readonly end: 'good' | 'bad' | 'open';
  /** Why, where it is bad. */
  readonly text: string;
}

/** What asks for attention, or does not any more. */
export interface Verdict {
  readonly bad: boolean;
  /** It took so long that its end is told. */
  readonly long: boolean;
}

/** What is told of a run; undefined where nothing is. */
export function verdictOf(ended: Ended, longMs: number): Verdict | undefined {
  const long = ended.ms > longMs;
  if (ended.end === 'open') return undefined;
  if (ended.end === 'good') return { bad: false, long };
  return long || checkOf(ended) !== 'long_run' ? { bad: true, long } : undefined;
}

/** Of a run that ends now; `job` is the crontab's that began it. */
export function endedNow(
  about: About,
  { ok, status, ms, text, unreachable }: Extract<OpEvent, { type: 'end' }>,
  job: string | undefined,
): Ended {
  const { operation, server, input } = about;
  // nobody sits before a job who would know that it was stopped
  const stopped = status === 'cancelled' && job === undefined;
  const open = stopped || (status === 'refused' && unreachable !== true);
  return { operation, server, input, ms, text, end: open ? 'open' : ok ? 'good' : 'bad' };
}

/** Of a run in the journal. */
export function endedBefore(run: Run): Ended {
  const { operation, server, input, status, job, started_at, ended_at, events } = run;
  const ms = ended_at === null ? 0 : Date.parse(ended_at) - Date.parse(started_at);
  const text = events.findLast(({ type }) => type === 'end')?.text ?? '';
  // done, but a step that came after failed
  const regretted = events.some(({ type, ok }) => type === 'finish' && ok === false);
  const bad =
    status === 'failed' || (status === 'cancelled' && job !== null) || (status === 'done' && regretted);
  const end = bad ? 'bad' : status === 'done' ? 'good' : 'open';
  return { operation, server, input, ms, text, end };
}
