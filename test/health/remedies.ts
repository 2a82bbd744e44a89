import { expect } from 'vitest';
import { healthView } from '../../src/app/views/health.ts';
import type { Assessment } from '../../src/health/assess.ts';
import { CHECKS } from '../../src/health/registry.ts';
import { fieldsOf, parseInput } from '../../src/ops/engine/fields.ts';
import { entryOf } from '../../src/ops/registry.ts';

/** That what every remedy opens is there, and takes all that it is filled in with. */
export async function checkRemedies({ findings }: Pick<Assessment, 'findings'>): Promise<void> {
  for (const finding of findings) {
    const { id, remedy } = finding;
    if (!('operation' in remedy)) continue;
    const operation = await entryOf(remedy.operation)?.load();
    if (operation === undefined)
      throw new Error(`${id} is fixed by ${remedy.operation}, which is no operation`);
    // the manual names it
    expect(CHECKS.find((one) => one.id === finding.check)?.fix).toContain(`\`${remedy.operation}\``);
    const known = fieldsOf(operation).map((field) => field.id);
    expect(known, id).toEqual(expect.arrayContaining(Object.keys(remedy.input)));
    // as the wizard gets it; what only a person knows is asked there, such as how a prepared transaction is to end
    const parsed = parseInput(operation, healthView.remedy?.(finding)?.input ?? {});
    const wrong = parsed.ok
      ? []
      : parsed.problems.filter(({ field = '', message }) => message !== 'is needed' || field in remedy.input);
    expect(wrong, id).toEqual([]);
    if (parsed.ok) expect(parsed.input, id).toEqual(operation.input.parse(remedy.input));
  }
}
