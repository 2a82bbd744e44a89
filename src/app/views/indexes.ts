import { displayName, fullName } from '../../db/ident.ts';
import type { AnyPoll } from '../../db/poll.ts';
import {
  indexCountsPoll,
  type indexDuplicate,
  indexDuplicatePoll,
  type indexInvalid,
  indexInvalidPoll,
  type indexUnused,
  indexUnusedPoll,
  indexUsagePoll,
} from '../../db/queries/indexes.ts';
import type { RowOf } from '../../db/query.ts';
import { span } from '../../text/line.ts';
import { bytes, count, duration, plural } from '../../text/units.ts';
import type { Model } from '../core/model.ts';
import { type Column, columnFacts, defineScreen, defineView } from '../core/view.ts';

/** An index with what speaks against it. */
export interface IndexRow {
  readonly indexrelid: number | null;
  readonly schemaname: string | null;
  readonly relname: string | null;
  readonly indexrelname: string | null;
  readonly est_bytes: number | null;
  readonly idx_scan: number | null;
  readonly last_idx_scan: string | null;
  readonly is_unique: boolean | null;
  readonly is_primary: boolean | null;
  /** `invalid`, `building`, `duplicate of x`, `unused since 2026-11-20`; empty when nothing speaks against it. */
  readonly finding: string;
  /** `unused in 4m00s of statistics`: too short to speak against it. */
  readonly remark: string;
  readonly supports_fk: boolean;
}

const key = (schema: string | null, index: string | null) => `${schema}.${index}`;

function merge(model: Model): IndexRow[] {
  const invalid = new Map(model.rows(indexInvalidPoll).map((r) => [key(r.schemaname, r.indexrelname), r]));
  const unused = new Map(model.rows(indexUnusedPoll).map((r) => [key(r.schemaname, r.indexrelname), r]));
  const duplicate = new Map(
    model.rows(indexDuplicatePoll).map((r) => [key(r.schemaname, r.indexrelname), r]),
  );
  const long = countedLong(model);
  const since = sinceText(model);
  const used = new Map(model.rows(indexUsagePoll).map((r) => [key(r.schemaname, r.indexrelname), r]));
  const names = new Set([...used.keys(), ...invalid.keys(), ...unused.keys(), ...duplicate.keys()]);
  return [...names].flatMap((name): IndexRow[] => {
    const usage = used.get(name);
    const any = usage ?? invalid.get(name) ?? unused.get(name) ?? duplicate.get(name);
    if (!any) return [];
    const broken = invalid.get(name);
    return [
      {
        indexrelid: usage?.indexrelid ?? broken?.indexrelid ?? null,
        schemaname: any.schemaname,
        relname: any.relname,
        indexrelname: any.indexrelname,
        est_bytes: any.est_bytes,
        idx_scan: usage?.idx_scan ?? (unused.has(name) ? 0 : null),
        last_idx_scan: usage?.last_idx_scan ?? null,
        is_unique: usage?.is_unique ?? null,
        is_primary: usage?.is_primary ?? null,
        finding: finding(broken, duplicate.get(name), long ? unused.get(name) : undefined, since),
        remark: !long && !broken && unused.has(name) ? `unused ${since}` : '',
        supports_fk: unused.get(name)?.supports_fk === true,
      },
    ];
  });
}

function finding(
  invalid: RowOf<typeof indexInvalid> | undefined,
  duplicate: RowOf<typeof indexDuplicate> | undefined,
  unused: RowOf<typeof indexUnused> | undefined,
  since: string,
): string {
  if (invalid) return invalid.building ? 'building' : 'invalid';
  const covered = duplicate && `${duplicate.exact ? 'duplicate of' : 'covered by'} ${duplicate.kept}`;
  const idle = unused && `unused ${since}${unused.supports_fk ? ', helps a foreign key' : ''}`;
  return [covered, idle].filter((text) => text !== undefined).join(', ');
}

/** Whether scans have been counted for long enough that none means something. */
function countedLong(model: Model): boolean {
  const seconds = model.rows(indexCountsPoll)[0]?.stats_seconds ?? 0;
  return seconds >= model.thresholds.unused_index_days * 86_400;
}

/** `since 2026-11-20`; where that is not long ago, `in 4m00s of statistics`. */
function sinceText(model: Model): string {
  const counts = model.rows(indexCountsPoll)[0];
  if (countedLong(model)) return `since ${counts?.stats_since?.slice(0, 10)}`;
  const seconds = counts?.stats_seconds ?? null;
  return seconds === null ? 'so far' : `in ${duration(seconds)} of statistics`;
}

const cache = new WeakMap<object, { parts: readonly unknown[]; rows: readonly IndexRow[] }>();

function indexRows(model: Model): readonly IndexRow[] {
  const parts = [indexUsagePoll, indexInvalidPoll, indexUnusedPoll, indexDuplicatePoll, indexCountsPoll].map(
    (poll: AnyPoll) => model.rows(poll),
  );
  const last = cache.get(model);
  if (last?.parts.every((part, i) => part === parts[i])) return last.rows;
  const rows = merge(model);
  cache.set(model, { parts, rows });
  return rows;
}

/** Findings first, the worst on top, then remarks; 0 for an index nothing speaks against. */
function weight(row: IndexRow): number {
  if (row.finding === '') return row.remark === '' ? 0 : 0.5e18 + (row.est_bytes ?? 0);
  const rank =
    row.finding === 'invalid' ? 4 : row.finding === 'building' ? 3 : row.finding.startsWith('unused') ? 1 : 2;
  return rank * 1e18 + (row.est_bytes ?? 0);
}

const columns = [
  {
    id: 'index',
    title: 'INDEX',
    width: 20,
    priority: 1,
    grow: true,
    value: (r) => displayName(r.schemaname, r.indexrelname ?? ''),
  },
  {
    id: 'table',
    title: 'TABLE',
    width: 16,
    priority: 4,
    value: (r) => displayName(r.schemaname, r.relname ?? ''),
  },
  {
    id: 'size',
    title: 'SIZE',
    field: { kind: 'size' },
    width: 8,
    align: 'right',
    priority: 2,
    value: (r) => r.est_bytes,
    cell: (r) => (r.est_bytes === null ? '-' : `~${bytes(r.est_bytes)}`),
  },
  {
    id: 'scans',
    title: 'SCANS',
    field: { kind: 'number' },
    width: 7,
    align: 'right',
    priority: 3,
    value: (r) => r.idx_scan,
    format: count,
  },
  {
    id: 'last',
    title: 'LAST SCAN',
    width: 10,
    priority: 7,
    value: (r) => r.last_idx_scan,
    cell: (r) => r.last_idx_scan?.slice(0, 10) ?? '-',
  },
  {
    id: 'kind',
    title: 'KIND',
    width: 7,
    priority: 6,
    value: (r) => (r.is_primary ? 'primary' : r.is_unique ? 'unique' : ''),
  },
  {
    id: 'finding',
    title: 'FINDING',
    width: 33,
    priority: 1,
    value: (r) => weight(r),
    cell: (r) => [r.finding, r.remark].filter((text) => text !== '').join(', '),
    level: (r) => (r.finding === 'invalid' ? 'alert' : r.finding === '' ? 'normal' : 'warn'),
    tone: (r) => (r.finding === '' ? 'muted' : undefined),
  },
] satisfies Column<IndexRow>[];

export const indexesView = defineView<IndexRow>({
  id: 'indexes',
  title: 'Indexes',
  noun: 'indexes',
  polls: [indexUsagePoll, indexUnusedPoll, indexInvalidPoll, indexDuplicatePoll, indexCountsPoll],
  rows: indexRows,
  total: (model) => model.rows(indexCountsPoll)[0]?.indexes,
  identity: (row) => key(row.schemaname, row.indexrelname),
  taken: { field: 'index', name: (row) => fullName(row.schemaname, row.indexrelname ?? '') },
  sort: { column: 'finding', descending: true },
  empty: 'This database has no indexes of its own.',
  columns,
  fields: [{ name: 'schema', kind: 'text', value: (r) => r.schemaname }],
  headline: (model) => {
    const counts = model.rows(indexCountsPoll)[0];
    if (!counts) return [];
    return [
      span(`${plural(counts.indexes, 'index')}, `, 'muted'),
      span(`${counts.invalid} invalid`, counts.invalid ? 'alert' : 'muted'),
      span(`, ${counts.unused} unused ${sinceText(model)} (${bytes(counts.unused_bytes)})`, 'muted'),
      span('; standbys count their own scans', 'muted'),
    ];
  },
  detail: (row, model) => [
    {
      title: `Index ${displayName(row.schemaname, row.indexrelname ?? '')}`,
      facts: [...columnFacts({ columns }, row, model), ['last scan at', row.last_idx_scan ?? '-']],
    },
  ],
  record: ({ is_unique, is_primary, remark: _, ...row }) => ({
    ...row,
    indisunique: is_unique,
    indisprimary: is_primary,
    finding: row.finding || null,
  }),
  beside: {
    facts: (model) => ({ statistics_since: model.rows(indexCountsPoll)[0]?.stats_since ?? null }),
  },
});

export const indexesScreen = defineScreen({
  id: 'indexes',
  title: 'Indexes',
  key: '5',
  panes: [indexesView],
});
