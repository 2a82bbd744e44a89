import type { Blind } from './assess.ts';

/** Checks that are not known for one reason, told by the first of them. */
export interface Blinded extends Blind {
  /** All of them. */
  readonly checks: readonly Blind[];
}

/** What is not known, each reason once: where a log cannot be read, two checks would say so. */
export function byReason(unknown: readonly Blind[]): Blinded[] {
  const alike = Map.groupBy(unknown, ({ reason, remedy = '' }) => `${reason}\n${remedy}`);
  return [...alike.values()].flatMap((checks) => {
    const [first] = checks;
    return first ? [{ ...first, title: checks.map(({ title }) => title).join(', '), checks }] : [];
  });
}
