import { shortRelation } from '../../db/ident.ts';
import { progressGatePoll, progressPolls } from '../../db/queries/progress.ts';
import type { RowOf } from '../../db/query.ts';
import { progressBar } from '../../text/sparkline.ts';
import { bytes, count, duration } from '../../text/units.ts';
import type { Model } from '../core/model.ts';
import { type Column, columnFacts, defineScreen, defineView } from '../core/view.ts';
import { waitText } from './activity.ts';

type Row = RowOf<(typeof progressPolls)[number]['query']>;

function amount(value: number | null, unit: string | null): string {
  return unit === 'bytes' ? bytes(value) : count(value);
}

/** `1.2k of 8k blocks`; only what the server says, never a made-up total. */
function doneText(row: Row): string {
  if (row.done === null) return '';
  const of = row.total ? ` of ${amount(row.total, row.unit)}` : '';
  return `${amount(row.done, row.unit)}${of}${row.unit === 'bytes' || row.unit === null ? '' : ` ${row.unit}`}`;
}

const columns = [
  {
    id: 'pid',
    title: 'PID',
    field: { kind: 'number' },
    width: 7,
    align: 'right',
    priority: 1,
    value: (r) => r.pid,
  },
  { id: 'command', title: 'COMMAND', width: 25, priority: 1, value: (r) => r.command },
  {
    id: 'relation',
    title: 'RELATION',
    width: 16,
    priority: 2,
    value: (r) => r.relation,
    cell: (r) => shortRelation(r.relation) ?? '',
  },
  { id: 'phase', title: 'PHASE', width: 20, priority: 1, grow: true, value: (r) => r.phase },
  {
    id: 'percent',
    title: 'OF THE PHASE',
    field: { kind: 'percent', value: (r) => (r.phase_percent === null ? null : r.phase_percent / 100) },
    width: 15,
    priority: 3,
    value: (r) => r.phase_percent,
    cell: (r) =>
      r.phase_percent === null
        ? ''
        : `${progressBar(r.phase_percent / 100, 10)} ${Math.floor(r.phase_percent)}%`,
  },
  {
    id: 'done',
    title: 'DONE',
    field: { kind: 'number' },
    width: 18,
    priority: 5,
    value: (r) => r.done,
    cell: doneText,
  },
  {
    id: 'time',
    title: 'TIME',
    field: { kind: 'duration', also: ['age'] },
    width: 6,
    align: 'right',
    priority: 2,
    value: (r) => r.run_seconds,
    format: duration,
  },
  { id: 'wait', title: 'WAIT', width: 16, priority: 6, value: (r) => waitText(r) },
  {
    id: 'database',
    title: 'DATABASE',
    field: { kind: 'text', also: ['db'] },
    width: 10,
    priority: 7,
    value: (r) => r.datname,
  },
  {
    id: 'detail',
    title: 'DETAIL',
    width: 16,
    priority: 8,
    value: (r) => r.detail,
    cell: (r) => r.detail ?? '',
  },
] satisfies Column<Row>[];

const running = (model: Model): Row[] => progressPolls.flatMap((poll) => model.rows<Row>(poll));

export const progressView = defineView<Row>({
  id: 'progress',
  title: 'Progress',
  noun: 'commands',
  polls: [progressGatePoll, ...progressPolls],
  rows: running,
  identity: (row) => `${row.pid}/${row.command}/${row.relation}`,
  sort: { column: 'time', descending: true },
  empty: 'No VACUUM, ANALYZE, CREATE INDEX, CLUSTER, COPY or base backup is running.',
  columns,
  database: (r) => r.datname,
  detail: (row, model) => [
    { title: `${row.command} ${row.relation ?? ''}`, facts: columnFacts({ columns }, row, model) },
  ],
  ofSession: ({ pid }, model) => {
    const found = running(model).find((row) => row.pid === pid);
    return (
      found && {
        title: 'Progress',
        facts: [
          ['phase', found.phase || '-'],
          ['done', doneText(found) || '-'],
        ],
      }
    );
  },
});

export const progressScreen = defineScreen({ id: 'progress', title: 'Progress', panes: [progressView] });
