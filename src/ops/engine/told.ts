import type { Run } from './journal/runs.ts';
import type { OpContext } from './operation.ts';
import type { Plan } from './plan.ts';

/** What `recover` plans for a killed run that left nothing half done: no step, only a word on what became of its subject. */
export function toldPlan(
  { place }: Pick<OpContext, 'place'>,
  run: Run,
  { title, subject, value }: { readonly title: string; readonly subject: string; readonly value: string },
): Plan {
  return {
    operation: 'recover',
    title,
    subject,
    danger: 'none',
    writes: false,
    server: place,
    input: { run: run.id },
    facts: [{ label: subject, value }],
    checks: [],
    steps: [],
    leaves: () => undefined,
    reaches: () => `${subject} ${value}`,
  };
}
