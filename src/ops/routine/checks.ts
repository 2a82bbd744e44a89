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
  readonly #seconds: number;
  #seen: { readonly from: number; readonly until: number; readonly found: readonly Examined[] } | undefined;

  /** @param items those that are due, in the order in which they are done; `seconds`: how long a look takes */
  constructor(examiner: Pick<Examiner, 'look'>, items: readonly RoutineItem[], seconds: number) {
    this.#examiner = examiner;
    this.#items = items;
    this.#seconds = seconds;
  }

  /** What the checks of an item say. What was looked at before an operation was done is looked at again after it. */
  async at(item: RoutineItem, signal: AbortSignal): Promise<readonly Examined[]> {
    const at = this.#items.indexOf(item);
    if (this.#seen === undefined || at < this.#seen.from || at >= this.#seen.until) {
      const rest = this.#items.slice(at);
      const other = rest.findIndex(({ work }) => work.kind !== 'check');
      const group = other < 0 ? rest : rest.slice(0, other);
      const found = await this.#examiner.look([...new Set(group.flatMap(checksOf))], this.#seconds, signal);
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
  const told = examined
    .flatMap((one) => one.findings)
    .filter(({ severity }) => severity !== 'info')
    .toSorted((a, b) => rank(b.severity) - rank(a.severity));
  const text = textOf(told, examined);
  const [first] = told;
  const command = told.find((one) => one.command)?.fix;
  const more = { ...(first && { next: first.fix }), ...(command !== undefined && { command }) };
  if (told.some(({ severity }) => GRAVE.includes(severity))) return { status: 'found', text, ...more };
  const blind = examined.filter(({ unknown }) => unknown !== undefined && unknown.partly !== true);
  if (blind.length < examined.length || examined.length === 0)
    return { status: first === undefined ? 'ok' : 'warning', text, ...more };
  // what only a longer sample tells is nobody's fault
  return {
    status: blind.every(({ unknown }) => unknown?.sample !== undefined) ? 'warning' : 'not known',
    text,
  };
}

function textOf(told: readonly { readonly title: string }[], examined: readonly Examined[]): string {
  const waived = examined.reduce((sum, one) => sum + one.waived, 0);
  const sentences = [
    ...told.slice(0, TOLD).map((one) => one.title),
    ...(told.length > TOLD ? [`${told.length - TOLD} more: pgdeck health.`] : []),
    ...examined.flatMap(({ notes = [] }) => notes),
    ...longer(examined),
    ...examined.flatMap(unseen),
    ...(waived > 0 ? [`${plural(waived, 'finding')} waived.`] : []),
  ];
  return sentences.length === 0 ? 'Nothing was found.' : sentences.join(' ');
}

/** What takes a longer look, in one sentence. */
function longer(examined: readonly Examined[]): string[] {
  const short = examined.filter(({ unknown }) => unknown?.sample !== undefined);
  if (short.length === 0) return [];
  const seconds = Math.max(...short.map(({ unknown }) => unknown?.sample ?? 0));
  return [
    `Only a longer sample tells of ${short.map(({ title }) => title).join(', ')}: --sample ${seconds}.`,
  ];
}

function unseen({ title, unknown }: Examined): string[] {
  if (unknown === undefined || unknown.sample !== undefined) return [];
  const { reason, remedy, partly } = unknown;
  return [
    `${title}: ${partly === true ? 'not all of it is known' : 'not known'}: ${reason}${remedy === undefined ? '' : ` To see it: ${remedy}`}`,
  ];
}

const SEVERITIES: readonly string[] = ['info', 'warning', 'alert', 'critical'];
const rank = (severity: string): number => SEVERITIES.indexOf(severity);
