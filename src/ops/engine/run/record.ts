import { Journal } from '../journal/journal.ts';
import type { OpContext } from '../operation.ts';
import type { Plan } from '../plan.ts';
import { unwritable } from './unwritable.ts';

/** The record of a run as the runner writes it. */
export type RunRecord = Pick<Journal, 'id' | 'startStep' | 'finishStep' | 'write' | 'end'>;

interface About {
  readonly id: string;
  readonly identifier: string | undefined;
  /** Told once, of a run that goes on without. */
  readonly unrecorded: (sentence: string) => void;
}

/** Begins the record of a run. Throws {@link OpError} when it cannot be written, unless the plan needs none. */
export function beginRecord(plan: Plan, context: OpContext, about: About): RunRecord {
  const { journal, secrets, now, env, connection, partOf } = context;
  const { operation, title, server, input, steps } = plan;
  const begin = () =>
    Journal.begin(
      journal,
      {
        operation,
        subject: title,
        server,
        connection,
        system_identifier: about.identifier,
        input,
        job: env.PGDECK_JOB,
        part_of: partOf,
        steps: steps.map((step) => ({
          id: step.id,
          title: step.title,
          preview: secrets.redact(step.preview),
        })),
      },
      now(),
      about.id,
    );
  if (plan.momentary === true) return new BestEffort(about.id, begin, journal, about.unrecorded);
  try {
    return begin();
  } catch (error) {
    throw unwritable(error, journal, 'refused');
  }
}

/** Notes that a step begins. A step that is not in the journal is not begun. */
export function recordStart(record: RunRecord, step: number, { journal }: OpContext): void {
  try {
    record.startStep(step);
  } catch (error) {
    throw unwritable(error, journal, 'failed');
  }
}

/** A record that is kept as far as it can be: what cannot be written is said, and stops nobody. */
class BestEffort implements RunRecord {
  readonly id: string;
  readonly #directory: string;
  #journal: Journal | undefined;
  #unrecorded: ((sentence: string) => void) | undefined;

  constructor(id: string, begin: () => Journal, directory: string, unrecorded: (sentence: string) => void) {
    this.id = id;
    this.#directory = directory;
    this.#unrecorded = unrecorded;
    this.#try('No record of this is kept', () => {
      this.#journal = begin();
    });
  }

  startStep(...given: Parameters<Journal['startStep']>): void {
    this.#add((journal) => journal.startStep(...given));
  }

  finishStep(...given: Parameters<Journal['finishStep']>): void {
    this.#add((journal) => journal.finishStep(...given));
  }

  write(...given: Parameters<Journal['write']>): void {
    this.#add((journal) => journal.write(...given));
  }

  end(...given: Parameters<Journal['end']>): void {
    this.#add((journal) => journal.end(...given));
  }

  #add(write: (journal: Journal) => void): void {
    const journal = this.#journal;
    if (journal) this.#try('The record of this is not complete', () => write(journal));
  }

  #try(what: string, write: () => void): void {
    try {
      write();
    } catch (error) {
      const { code = 'unknown error' } = error as NodeJS.ErrnoException;
      this.#unrecorded?.(`${what}: ${this.#directory} cannot be written (${code}).`);
      this.#unrecorded = undefined;
    }
  }
}
