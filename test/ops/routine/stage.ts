import { onTestFinished } from 'vitest';
import { mergeRoutine, type RoutineSettings } from '../../../src/config/routine.ts';
import type { CleanupRule } from '../../../src/config/settings.ts';
import type { Target } from '../../../src/db/target.ts';
import type { Examined, Examiner, OpContext } from '../../../src/ops/engine/operation.ts';
import { contextIn } from '../restore/stage.ts';

type Severity = Examined['findings'][number]['severity'];

/** Health that finds what is planted, by the ids of checks, and notes what it was asked. */
export class Planted implements Examiner {
  readonly asked: (readonly string[])[] = [];
  readonly found = new Map<string, Severity>();

  async knows(check: string): Promise<boolean> {
    return check !== 'no_such';
  }

  async look(checks: readonly string[]): Promise<readonly Examined[]> {
    this.asked.push(checks);
    return checks.map((check) => {
      const severity = this.found.get(check);
      const finding = { id: `${check}:x`, title: `${check} is bad.`, fix: `pgdeck check`, command: true };
      return {
        ...{ check, title: check, waived: 0 },
        findings: severity === undefined ? [] : [{ ...finding, severity }],
      };
    });
  }
}

/** Every item of the defaults left out. */
const NONE: RoutineSettings = Object.fromEntries(
  mergeRoutine().map(({ name }) => [name, { every: 'never' as const }]),
);

/** A context whose routine has these items and no others. */
export function routineContext(
  target: Target,
  home: string,
  items: RoutineSettings,
  more: { examiner?: Examiner; cleanup?: readonly CleanupRule[]; readOnly?: boolean; now?: () => Date } = {},
): OpContext {
  const context = contextIn(target, home);
  const own: OpContext = {
    ...context,
    examiner: new Planted(),
    ...more,
    routine: mergeRoutine(NONE, items),
  };
  onTestFinished(() => context.close());
  return own;
}
