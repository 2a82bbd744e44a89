import type { RoutineItem } from '../../config/routine.ts';
import { plural } from '../../text/units.ts';
import type { Examined, Examiner } from '../engine/operation.ts';
import type { ItemEnd } from './outcome.ts';

/** From these on something has to be done: the item has not ended well. */
const GRAVE: readonly string[] = ['alert', 'critical'];
/** Findings of an item that are told; `pgdeck health` has the others. */
const TOLD = 3;

/** Looks of the checks that stand next to each other: one for all of them. */
export class Looks {
  readonly #examiner: Pick<Examiner, 'look'>;
  readonly #items: readonly RoutineItem[];
  #seen: { readonly from: number; readonly until: number; readonly found: readonly Examined[] } | undefined;

  /** @param items those that are due, in the order in which they are done */
  constructor(examiner: Pick<Examiner, 'look'>, items: readonly RoutineItem[]) {
    this.#examiner = examiner;
    this.#items = items;
  }

  /** What the checks of an item say. What was looked at before an operation was done is looked at again after it. */
  async at(item: RoutineItem, signal: AbortSignal): Promise<readonly Examined[]> {
    const at = this.#items.indexOf(item);
    if (this.#seen === undefined || at < this.#seen.from || at >= this.#seen.until) {
      const rest = this.#items.slice(at);
      const other = rest.findIndex(({ work }) => work.kind !== 'check');
      const group = other < 0 ? rest : rest.slice(0, other);
      const found = await this.#examiner.look([...new Set(group.flatMap(checksOf))], signal);
      this.#seen = { from: at, until: at + group.length, found };
    }
    const own = checksOf(item);
    return this.#seen.found.filter(({ check }) => own.includes(check));
  }
}

function checksOf({ work }: RoutineItem): readonly string[] {
  return work.kind === 'check' ? work.checks : [];
}

/** What an item of checks has come to. */
export function judged(examined: readonly Examined[]): ItemEnd {
  const findings = examined.flatMap((one) => one.findings);
  const grave = findings.filter(({ severity }) => GRAVE.includes(severity));
  const told = findings
    .filter(({ severity }) => severity !== 'info')
    .toSorted((a, b) => rank(b.severity) - rank(a.severity));
  const blind = examined.flatMap(({ title, unknown, findings: own }) =>
    unknown === undefined ? [] : [{ title, unknown, nothing: own.length === 0 }],
  );
  const waived = examined.reduce((sum, one) => sum + one.waived, 0);
  const unknown = blind.map(({ title, unknown: { reason, remedy, later } }) =>
    later === true
      ? `${title}: only longer sampling tells (pgdeck watch, or the console).`
      : `${title}: not known: ${reason}${remedy === undefined ? '' : ` To see it: ${remedy}`}`,
  );
  const text = [
    ...told.slice(0, TOLD).map((one) => one.title),
    ...(told.length > TOLD ? [`${told.length - TOLD} more: pgdeck health.`] : []),
    ...unknown,
    ...(waived > 0 ? [`${plural(waived, 'finding')} waived.`] : []),
  ].join(' ');
  const next = told[0]?.fix;
  const command = told.find((one) => one.command)?.fix;
  const more = { ...(next !== undefined && { next }), ...(command !== undefined && { command }) };
  if (grave.length > 0) return { status: 'found', text, ...more };
  const all = blind.length > 0 && blind.length === examined.length;
  if (all && blind.every(({ unknown: { later }, nothing }) => nothing && later !== true))
    return { status: 'not known', text };
  return {
    status: told.length > 0 ? 'warning' : 'ok',
    text: text === '' ? 'Nothing was found.' : text,
    ...more,
  };
}

const SEVERITIES = ['info', 'warning', 'alert', 'critical'];
const rank = (severity: string): number => SEVERITIES.indexOf(severity);
