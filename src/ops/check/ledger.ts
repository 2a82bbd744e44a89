import { bytes, plural } from '../../text/units.ts';
import type { ResultTable } from '../engine/plan.ts';
import type { Part, Skipped } from './scope.ts';
import { type Finding, isBad, type Verdict } from './verdict.ts';

/** What is whole is listed as long as the list can be read. */
const WHOLE_LISTED = 40;

/** What became of each relation of a run. */
export class Ledger {
  readonly #findings: Finding[] = [];
  readonly #all: readonly Part[];

  /** `skipped`: what no step looks at. */
  constructor(all: readonly Part[], skipped: readonly Skipped[]) {
    this.#all = all;
    for (const { part, why } of skipped)
      this.#findings.push({ part, verdict: 'not checked', method: '', text: why });
  }

  enter(finding: Finding): void {
    this.#findings.push(finding);
  }

  /** What stands for each relation: the worst that any way of looking has found. */
  verdicts(): readonly Finding[] {
    const worst = new Map<number, Finding>();
    for (const finding of this.#findings) {
      const known = worst.get(finding.part.oid);
      if (known === undefined || RANK[finding.verdict] > RANK[known.verdict])
        worst.set(finding.part.oid, finding);
    }
    const missing = this.#all.filter(({ oid }) => !worst.has(oid));
    return [
      ...worst.values(),
      ...missing.map(
        (part): Finding => ({
          part,
          verdict: 'not checked',
          method: '',
          text: 'the run came to its end before',
        }),
      ),
    ];
  }

  get bad(): readonly Finding[] {
    return this.#findings.filter(isBad);
  }

  /** `12 relations are whole; 2 were not checked.` */
  sentence(): string {
    const of = Map.groupBy(this.verdicts(), ({ verdict }) => verdict);
    const count = (verdict: Verdict) => of.get(verdict)?.length ?? 0;
    const bad = count('damaged') + count('crashed');
    const open = count('not checked');
    return [
      `${plural(count('ok'), 'relation')} ${count('ok') === 1 ? 'is' : 'are'} whole`,
      ...(bad > 0 ? [`${bad} ${bad === 1 ? 'is' : 'are'} damaged`] : []),
      ...(open > 0 ? [`${open} ${open === 1 ? 'was' : 'were'} not checked`] : []),
    ].join('; ');
  }

  table(): ResultTable {
    const all = this.verdicts();
    const told = all
      .filter(({ verdict }) => verdict !== 'ok')
      .sort((a, b) => RANK[b.verdict] - RANK[a.verdict]);
    const whole = all.filter(({ verdict }) => verdict === 'ok');
    // nobody has asked for each catalog
    const own = whole.filter(({ part }) => !part.table.system);
    const listed = own.length > WHOLE_LISTED ? [] : own;
    const others = whole.length - listed.length;
    return {
      title: 'What was checked',
      columns: ['relation', 'kind', 'size', 'result', 'found'],
      rows: [
        ...[...told, ...listed].map(({ part, verdict, method, text }) => [
          part.shown,
          kindOf(part),
          bytes(part.bytes),
          verdict,
          text === '' ? method : text,
        ]),
        ...(others > 0 ? [[`${plural(others, 'other relation')}`, '', '', 'ok', '']] : []),
      ],
    };
  }
}

/** Damage counts before all; that one way was possible counts more than that another was not. */
const RANK: Readonly<Record<Verdict, number>> = { 'not checked': 0, ok: 1, crashed: 2, damaged: 3 };

export function kindOf({ kind, table, index }: Part): string {
  if (kind === 'toast') return 'TOAST table';
  if (kind === 'sequence') return 'sequence';
  if (kind === 'index') return index?.toast === true ? 'TOAST index' : 'index';
  return table.kind === 'm' ? 'materialized view' : 'table';
}
