import { setTimeout as delay } from 'node:timers/promises';
import type { Session } from '../../db/session.ts';
import { bytes, count, duration, UNKNOWN } from '../../text/units.ts';
import type { ResultTable } from '../engine/plan.ts';
import type { Dead } from './horizon.ts';
import { type MaintainMeasure, maintainMeasure } from './queries/measure.ts';
import type { MaintainWork } from './work.ts';

/** Before 15 a process of its own collects statistics, and what was done is known there a little later. */
const COLLECTED_MS = 3_000;
const PAUSE_MS = 50;

type Measures = ReadonlyMap<number, MaintainMeasure>;

/** Something that is compared. */
interface Column {
  readonly name: string;
  readonly of: (one: MaintainMeasure) => number | null;
  readonly show: (value: number | null) => string;
  /** From the statistics, not from the disk. */
  readonly counted?: boolean;
}

const VACUUMED: readonly Column[] = [
  { name: 'size', of: (one) => one.total_bytes, show: bytes },
  { name: 'pages', of: (one) => one.pages, show: count },
  { name: 'dead', of: (one) => one.dead, show: count, counted: true },
];
const ANALYZED: readonly Column[] = [{ name: 'changed', of: (one) => one.mods, show: count, counted: true }];

/** What became of a step. */
export interface StepEnd {
  readonly seconds?: number;
  readonly outcome: 'done' | 'skipped: locked' | 'failed' | 'cancelled';
}

/** What the tables of a run were like before it and are after it. */
export class TablesBeforeAfter {
  readonly #works: readonly MaintainWork[];
  readonly #entries = new Map<MaintainWork, StepEnd>();
  #before: Measures | undefined;
  #after: Measures | undefined;

  constructor(works: readonly MaintainWork[]) {
    this.#works = works;
  }

  /** Measures everything before anything is done. Throws DbError. */
  async begin(session: Session): Promise<void> {
    this.#before ??= await measure(session, this.#oids());
  }

  enter(work: MaintainWork, entry: StepEnd): void {
    this.#entries.set(work, entry);
  }

  /**
   * The tables of a step that the server has passed over, by what its catalogs say. Asked when it has warned of
   * something: with SQL alone a warning cannot be told from another, and its text is in any language.
   */
  async passedOver(session: Session, work: MaintainWork): Promise<readonly string[]> {
    const oids = work.touched.map(({ oid }) => oid);
    const unmoved = (now: Measures) =>
      work.touched.filter(({ oid }) => !moved(work, this.#before?.get(oid), now.get(oid)));
    const patience = session.server.major < 15 ? COLLECTED_MS : 0;
    for (const began = performance.now(); ; ) {
      const left = unmoved(await measure(session, oids));
      if (left.length === 0 || performance.now() - began >= patience)
        return left.map((one) => `${one.schema}.${one.name}`);
      await delay(PAUSE_MS);
    }
  }

  /** What has changed, of the steps that were begun. Throws DbError. */
  async compare(session: Session, began: ReadonlySet<MaintainWork>, title: string): Promise<ResultTable> {
    const works = this.#works.filter((work) => began.has(work));
    const done = works.filter((work) => this.#entries.get(work)?.outcome === 'done');
    const now = await this.#settled(session, done);
    this.#after = now;
    const columns = this.#works.some(({ verb }) => verb === 'VACUUM') ? VACUUMED : ANALYZED;
    return {
      title,
      columns: [
        'table',
        ...columns.flatMap(({ name }) => [`${name} before`, `${name} after`]),
        'took',
        'outcome',
      ],
      rows: works.map((work) => this.#row(work, columns, now)),
    };
  }

  /** Dead rows of what was vacuumed, once it is compared; of a rewritten table the statistics do not know that they are gone. */
  dead(): Dead[] {
    const dead = ({ dead }: MaintainMeasure) => dead;
    return this.#works
      .filter((work) => work.verb === 'VACUUM' && !work.options.full)
      .filter((work) => this.#entries.get(work)?.outcome === 'done')
      .map((work) => ({
        name: work.name,
        before: total(work, this.#before, dead),
        after: total(work, this.#after, dead),
      }));
  }

  #row(work: MaintainWork, columns: readonly Column[], now: Measures): string[] {
    const { seconds, outcome }: StepEnd = this.#entries.get(work) ?? { outcome: 'cancelled' };
    // VACUUM FULL does not tell the statistics that the dead rows are gone
    const stale = work.options.full === true && !work.options.analyze && outcome === 'done';
    const cells = columns.flatMap(({ of, show, counted }) => [
      show(total(work, this.#before, of)),
      stale && counted ? UNKNOWN : show(total(work, now, of)),
    ]);
    return [work.name, ...cells, duration(seconds), outcome];
  }

  /** The measures once the statistics of what was done have arrived, or do not. */
  async #settled(session: Session, done: readonly MaintainWork[]): Promise<Measures> {
    const patience = session.server.major < 15 ? COLLECTED_MS : 0;
    for (const began = performance.now(); ; ) {
      const now = await measure(session, this.#oids());
      const there = done.every(
        (work) =>
          work.options.full ||
          work.touched.every(({ oid }) => moved(work, this.#before?.get(oid), now.get(oid))),
      );
      if (there || performance.now() - began >= patience) return now;
      await delay(PAUSE_MS);
    }
  }

  #oids(): number[] {
    return [...new Set(this.#works.flatMap(({ touched }) => touched.map(({ oid }) => oid)))];
  }
}

async function measure(session: Session, oids: readonly number[]): Promise<Measures> {
  const rows = await session.run(maintainMeasure, { oids });
  return new Map(rows.map((row) => [row.oid, row]));
}

/** Whether the catalogs say that it was done; a table that is gone by now has nothing left to be done. */
function moved(
  { verb, options }: MaintainWork,
  before: MaintainMeasure | undefined,
  now: MaintainMeasure | undefined,
): boolean {
  if (now === undefined) return true;
  if (verb === 'ANALYZE') return now.last_analyze !== before?.last_analyze;
  return options.full ? now.filenode !== before?.filenode : now.last_vacuum !== before?.last_vacuum;
}

/** The sum over the tables of a step; null where one is not known. */
function total(
  work: MaintainWork,
  measures: Measures | undefined,
  of: (one: MaintainMeasure) => number | null,
): number | null {
  let sum = 0;
  for (const { oid } of work.touched) {
    const one = measures?.get(oid);
    const value = one === undefined ? null : of(one);
    if (value === null) return null;
    sum += value;
  }
  return sum;
}
