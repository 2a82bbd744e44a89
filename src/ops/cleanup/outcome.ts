import { DbError } from '../../db/errors.ts';
import { exact, plural } from '../../text/units.ts';
import { Outcome } from '../engine/outcome.ts';
import type { StepIo } from '../engine/plan.ts';
import { OpError, sentenceOf } from '../error.ts';
import type { Work } from './work.ts';

export type Kind = 'done' | 'contended' | 'blocked' | 'nothing_to_do';

const WORST: readonly Kind[] = ['blocked', 'contended', 'done', 'nothing_to_do'];

const CONTENDED = new Set(['take.locked', 'maintain.locked']);
const BLOCKED = new Set([
  'take.suppressed',
  'take.inserted',
  'take.uneven',
  'take.appearing',
  'cleanup.notWhole',
]);
/** Locks that were not to be had. */
const LOCKED = new Set(['55P03', '40P01']);

/** Which outcome an error is; undefined where it is a failure as any other. */
export function kindOf(error: unknown): Kind | undefined {
  if (error instanceof OpError) {
    if (CONTENDED.has(error.code ?? '')) return 'contended';
    return BLOCKED.has(error.code ?? '') ? 'blocked' : undefined;
  }
  if (!(error instanceof DbError)) return undefined;
  const { code = '' } = error;
  if (LOCKED.has(code)) return 'contended';
  // a constraint, a right, something that depends on it, or what a trigger raises
  return /^(23|42501|2BP01|P0001|27|09|39|38|44)/.test(code) ? 'blocked' : undefined;
}

/** Tells how it ended with a table, and notes it in the journal. */
export function ended(io: StepIo, work: Work, kind: Kind, why: string, left: number | null): Outcome {
  const { prefix, name, rows, directory, task } = work;
  work.kinds.push(kind);
  // one that was killed before its last step is to be gone on with
  if (work.kinds.length === work.steps) {
    const outcome = WORST.find((one) => work.kinds.includes(one));
    io.record({ [`${prefix}end`]: { outcome, rows, left } });
  }
  const kept = directory === undefined ? '' : ` They are archived in ${directory}.`;
  const gone =
    rows === 0
      ? `No row of ${name} was deleted.`
      : `${plural(rows, 'row')} of ${name} ${rows === 1 ? 'is' : 'are'} deleted.${kept}`;
  const rest = left === null || left === 0 ? '' : `${exact(left)} more are as old.`;
  const text = [why, gone, rest].filter(Boolean).join(' ');
  return new Outcome({
    ...{ kind, ok: kind === 'done' || kind === 'nothing_to_do', text },
    facts: {
      ...{ table: name, column: task.facts.column, cutoff: task.facts.cutoff, rows, left },
      archive: directory ?? null,
    },
  });
}

/** The outcome of an error. Throws it where it is none. */
export function endedBy(io: StepIo, work: Work, error: unknown): Outcome {
  const kind = io.signal.aborted ? undefined : kindOf(error);
  if (kind === undefined) throw error;
  const word = kind === 'contended' ? 'Contended' : 'Blocked';
  return ended(io, work, kind, `${word}: ${sentenceOf(error)}`, null);
}
