import { displayName, fullName } from '../../db/ident.ts';
import type { RowsOf } from '../../monitor/polls.ts';
import { span } from '../../text/line.ts';
import { bytes, count } from '../../text/units.ts';
import type { Model } from '../model.ts';
import { type Column, columnFacts, defineView } from './view.ts';

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
  /** `invalid`, `building`, `duplicate of x`, `unused`; empty when nothing speaks against it. */
  readonly finding: string;
  readonly supports_fk: boolean;
}

const key = (schema: string | null, index: string | null) => `${schema}.${index}`;

function merge(model: Model): IndexRow[] {
  const invalid = new Map(model.rows('indexInvalid').map((r) => [key(r.schemaname, r.indexrelname), r]));
  const unused = new Map(model.rows('indexUnused').map((r) => [key(r.schemaname, r.indexrelname), r]));
  const duplicate = new Map(model.rows('indexDuplicate').map((r) => [key(r.schemaname, r.indexrelname), r]));
  const used = new Map(model.rows('indexUsage').map((r) => [key(r.schemaname, r.indexrelname), r]));
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
        finding: finding(broken, duplicate.get(name), unused.get(name)),
        supports_fk: unused.get(name)?.supports_fk === true,
      },
    ];
  });
}

function finding(
  invalid: RowsOf['indexInvalid'] | undefined,
  duplicate: RowsOf['indexDuplicate'] | undefined,
  unused: RowsOf['indexUnused'] | undefined,
): string {
  if (invalid) return invalid.maybe_building ? 'building' : 'invalid';
  if (duplicate) return `${duplicate.exact ? 'duplicate of' : 'covered by'} ${duplicate.kept}`;
  if (unused) return unused.supports_fk ? 'unused, helps a foreign key' : 'unused';
  return '';
}

const cache = new WeakMap<object, { parts: readonly unknown[]; rows: readonly IndexRow[] }>();

function indexRows(model: Model): readonly IndexRow[] {
  const parts = (['indexUsage', 'indexInvalid', 'indexUnused', 'indexDuplicate'] as const).map((p) =>
    model.rows(p),
  );
  const last = cache.get(model);
  if (last?.parts.every((part, i) => part === parts[i])) return last.rows;
  const rows = merge(model);
  cache.set(model, { parts, rows });
  return rows;
}

/** Findings first, the worst on top; 0 for an index nothing speaks against. */
function weight(row: IndexRow): number {
  if (row.finding === '') return 0;
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
  { id: 'table', title: 'TABLE', width: 16, priority: 4, value: (r) => r.relname },
  {
    id: 'size',
    title: 'SIZE',
    width: 8,
    align: 'right',
    priority: 2,
    value: (r) => r.est_bytes,
    cell: (r) => (r.est_bytes === null ? '-' : `~${bytes(r.est_bytes)}`),
  },
  {
    id: 'scans',
    title: 'SCANS',
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
    cell: (r) => r.finding,
    tone: (r) => (r.finding === 'invalid' ? 'alert' : r.finding === '' ? undefined : 'warn'),
  },
] satisfies Column<IndexRow>[];

export const indexesView = defineView<IndexRow>({
  id: 'indexes',
  title: 'Indexes',
  noun: 'indexes',
  parts: ['indexUsage', 'indexUnused', 'indexInvalid', 'indexDuplicate', 'indexCounts'],
  rows: indexRows,
  identity: (row) => key(row.schemaname, row.indexrelname),
  taken: { field: 'index', name: (row) => fullName(row.schemaname, row.indexrelname ?? '') },
  sort: { column: 'finding', descending: true },
  empty: 'This database has no indexes of its own.',
  columns,
  headline: (model) => {
    const counts = model.rows('indexCounts')[0];
    if (!counts) return [];
    const since = model.rows('indexUnused')[0]?.stats_reset;
    return [
      span(`${counts.indexes} indexes, `, 'muted'),
      span(`${counts.invalid} invalid`, counts.invalid ? 'alert' : 'muted'),
      span(`, ${counts.unused} never scanned here (${bytes(counts.unused_bytes)})`, 'muted'),
      ...(since ? [span(` since ${since.slice(0, 10)}`, 'muted')] : []),
      span('; standbys count their own scans', 'muted'),
    ];
  },
  detail: (row, model) => [
    {
      title: `Index ${displayName(row.schemaname, row.indexrelname ?? '')}`,
      facts: [...columnFacts({ columns }, row, model), ['last scan at', row.last_idx_scan ?? '-']],
    },
  ],
});
