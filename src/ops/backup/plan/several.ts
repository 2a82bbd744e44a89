import { plural } from '../../../text/units.ts';
import type { Step, StepIo } from '../../engine/plan.ts';
import { sentenceOf } from '../../error.ts';
import { backupErrors } from '../errors.ts';
import type { BackupMade } from '../request.ts';

/** What became of one of several databases. */
interface DatabaseOutcome {
  readonly database: string;
  made: BackupMade | undefined;
  readonly failures: string[];
  /** What follows is left out. */
  stopped: boolean;
}

/**
 * The steps of several databases as one plan: one that fails is taken back and the others go on. What comes after a
 * backup fails for itself. The last step says what became of each, and fails when one did.
 */
export function several(
  databases: readonly {
    readonly database: string;
    readonly steps: (onMade: (made: BackupMade) => void) => readonly Step[];
  }[],
): Step[] {
  const outcomes: DatabaseOutcome[] = [];
  const steps = databases.flatMap(({ database, steps: stepsOf }) => {
    const outcome: DatabaseOutcome = { database, made: undefined, failures: [], stopped: false };
    outcomes.push(outcome);
    const own = stepsOf((made) => {
      outcome.made = made;
    });
    return own.map((step) => forgiving(step, own, outcome));
  });
  return [...steps, summary(outcomes)];
}

function forgiving(step: Step, own: readonly Step[], outcome: DatabaseOutcome): Step {
  return {
    ...step,
    run: async (io) => {
      if (outcome.stopped) {
        io.line(`left out: ${outcome.database} has failed before`);
        return;
      }
      try {
        await step.run(io);
      } catch (error) {
        if (io.signal.aborted) throw error;
        const failure = sentenceOf(error);
        outcome.failures.push(failure);
        io.line(`${outcome.database} FAILED: ${failure}`, 'stderr');
        if (step.independent === true || step.late === true) return;
        outcome.stopped = true;
        await takeBack(own, io);
      }
    },
  };
}

async function takeBack(steps: readonly Step[], io: StepIo): Promise<void> {
  for (const step of steps.toReversed())
    await step.rollback?.(io).catch((error: unknown) => io.line(sentenceOf(error), 'stderr'));
}

function summary(outcomes: readonly DatabaseOutcome[]): Step {
  return {
    id: 'summary',
    title: 'Outcome by database',
    preview: `${plural(outcomes.length, 'database')}; one that fails does not stop the others`,
    run: async (io) => {
      io.result({
        title: 'Databases',
        columns: ['database', 'backup', 'result'],
        rows: outcomes.map(({ database, made, failures }) => [
          database,
          made?.id ?? '-',
          failures.length === 0 ? 'ok' : `failed: ${failures.join(' ')}`,
        ]),
      });
      const failures = outcomes.flatMap(({ database, failures: all }) =>
        all.length === 0 ? [] : [{ database, why: all.join(' ') }],
      );
      if (failures.length === 0) return;
      const good = outcomes.filter(({ made }) => made !== undefined).map(({ database }) => database);
      throw backupErrors.someFailed({ failures, of: outcomes.length, good });
    },
  };
}
