import type { Question } from './health.ts';
import type { Memory } from './hour.ts';
import { type Figures, percentile, type Results, type Sample, type Subject } from './measure.ts';
import { ACTIVE, IDLE, TABLES } from './stage.ts';

interface Measure {
  readonly title: string;
  readonly of: keyof Sample;
  readonly digits: number;
  /** The mean instead of the median: what happens every 30 s falls into one window and not into the next. */
  readonly mean?: boolean;
  /** Highest value allowed: on each load, or from what pg_activity needs. Absent where there is none. */
  readonly budget?: Readonly<Record<string, number>> | ((peer: number) => number);
}

const everywhere = (value: number) => ({ base: value, tables: value, active: value });

const MEASURES: readonly Measure[] = [
  {
    title: 'server time, ms/s',
    of: 'server',
    digits: 2,
    mean: true,
    budget: { base: 2, tables: 2.5, active: 6 },
  },
  { title: 'client CPU, ms/refresh', of: 'cpu', digits: 1, budget: (peer) => peer },
  { title: 'to the terminal, B/refresh', of: 'bytes', digits: 0, budget: (peer) => 0.45 * peer },
  { title: '  while nothing changes', of: 'bytesPaused', digits: 0, budget: everywhere(0) },
  { title: 'key to screen, p90 ms', of: 'key', digits: 1, budget: everywhere(25) },
  { title: '  while the server hangs', of: 'keyStalled', digits: 1, budget: everywhere(25) },
  { title: 'first frame, ms', of: 'firstFrame', digits: 0, budget: (peer) => 0.7 * peer },
  { title: 'first figures, ms', of: 'firstData', digits: 0 },
  { title: 'RSS, MB', of: 'rss', digits: 0, budget: everywhere(130) },
];

const LOADS: Readonly<Record<string, string>> = {
  base: `pgbench at 200 transactions/s and ${IDLE} idle connections`,
  tables: `the same and ${TABLES} tables`,
  active: `the same and ${ACTIVE} active sessions`,
};

/**
 * Each figure as it typically is, as one table per load; `!` marks what is over its budget. Server time is planning and
 * execution by pg_stat_statements, client CPU that of the program's process with all its threads.
 */
export function report(results: ReadonlyMap<string, Results>, subjects: readonly Subject[]): string {
  const lines: string[] = [];
  for (const [load, measured] of results) {
    const head = ['', ...subjects.map((s) => s.name), 'budget'];
    const rows = MEASURES.map((measure) => {
      const values = subjects.map((s) => typical(measured.get(s) ?? [], measure));
      const peer = values[subjects.findIndex((s) => s.name === 'pg_activity')];
      const budget =
        typeof measure.budget === 'function'
          ? peer === undefined
            ? undefined
            : measure.budget(peer)
          : measure.budget?.[load];
      const cells = values.map((value, i) => {
        if (value === undefined) return '-';
        const over = budget !== undefined && value > budget && subjects[i]?.name !== 'pg_activity';
        return `${value.toFixed(measure.digits)}${over ? ' !' : ''}`;
      });
      return [measure.title, ...cells, budget === undefined ? '-' : budget.toFixed(measure.digits)];
    });
    lines.push(LOADS[load] ?? load, ...aligned([head, ...rows]), '');
  }
  return lines.join('\n');
}

function typical(figures: readonly Figures[], { of, mean }: Measure): number | undefined {
  const values = figures.flatMap((f) => f[of] ?? []);
  if (values.length === 0) return undefined;
  return mean ? values.reduce((sum, v) => sum + v, 0) / values.length : percentile(values, 0.5);
}

/** Columns below each other: the first to the left, the others to the right. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length))) ?? [];
  return rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
  );
}

/** Memory over an hour of ticks, after collections: it has to stay where it is. */
export function memoryReport(memory: readonly Memory[]): string {
  const rows = memory.map(({ tick, heap, rss }) => [`${tick} ticks`, heap.toFixed(1), rss.toFixed(0)]);
  return ['an hour of ticks, after a collection', ...aligned([['', 'heap, MB', 'RSS, MB'], ...rows])].join(
    '\n',
  );
}

/** What the questions of the checks may cost the server, all in a second, and each for itself (ms). */
const TOTAL: Readonly<Record<string, number>> = { base: 1, tables: 2 };
const EACH = 150;
/** The dearest are named. */
const NAMED = 12;

/** What health asks and the first screen does not, the dearest first: the console samples it in the background all the time. */
export function questionsReport(asked: ReadonlyMap<string, readonly Question[]>): string {
  const lines = [...asked].flatMap(([load, questions]) => {
    const perSecond = (one: Question) => one.ms / one.every;
    const own = questions.filter(({ shown }) => !shown);
    const total = own.reduce((sum, one) => sum + perSecond(one), 0);
    const budget = TOTAL[load] ?? Number.POSITIVE_INFINITY;
    const dearest = own.toSorted((a, b) => perSecond(b) - perSecond(a) || b.ms - a.ms);
    const named = [...new Set([...dearest.slice(0, NAMED), ...questions.filter(({ ms }) => ms > EACH)])];
    const rows = named.map((one) => [
      one.id,
      `${one.ms.toFixed(2)}${one.ms > EACH ? ' !' : ''}`,
      String(one.every),
      perSecond(one).toFixed(3),
    ]);
    const sum = `${total.toFixed(2)}${total > budget ? ' !' : ''}`;
    const all = [`all ${own.length}, budget ${budget}`, '', '', sum];
    return [
      `what health asks beside the first screen: ${LOADS[load] ?? load}`,
      ...aligned([['', 'ms', 'every s', 'ms/s'], ...rows, all]),
      '',
    ];
  });
  return lines.join('\n');
}
