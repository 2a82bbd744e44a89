import { summaryPoll } from '../../db/queries/activity.ts';
import type { Tone } from '../../text/line.ts';
import { duration, moment } from '../../text/units.ts';
import type { Model } from '../core/model.ts';
import type { Column } from '../core/view.ts';
import { defineScreen, defineView } from '../core/view.ts';
import type { RunRow } from '../runs/read.ts';
import { keptView } from './kept.ts';
import { routineView } from './routine.ts';
import { whenText } from './when.ts';

const TONES: Readonly<Record<RunRow['status'], Tone | undefined>> = {
  running: 'accent',
  done: 'good',
  failed: 'alert',
  cancelled: 'warn',
  interrupted: 'critical',
};

/** What can be done about it afterwards. */
function afterwards({ left, undo, undoneBy, recoveredBy }: RunRow, model: Model): string {
  const key = model.keyOf('runs.undo');
  const on = (word: string) => (key === undefined ? word : `${key} ${word}`);
  if (left) return on('recover');
  if (recoveredBy !== null) return 'recovered';
  if (undoneBy !== null) return 'undone';
  return undo === null ? '' : on('undo');
}

const columns = [
  {
    id: 'when',
    title: 'WHEN',
    width: 11,
    priority: 1,
    // what runs now stands above what is over, whenever it began
    value: (r) => (r.status === 'running' ? r.startedAt + 1e15 : r.startedAt),
    cell: (r) => whenText(r.startedAt),
  },
  {
    id: 'status',
    title: 'STATUS',
    width: 12,
    priority: 1,
    value: (r) => r.status,
    cell: (r) => (r.status === 'interrupted' ? '!interrupted' : r.status),
    tone: (r) => TONES[r.status],
  },
  { id: 'operation', title: 'OPERATION', width: 12, priority: 4, value: (r) => r.operation },
  { id: 'subject', title: 'SUBJECT', width: 33, priority: 1, grow: true, value: (r) => r.subject },
  {
    id: 'duration',
    title: 'TIME',
    field: { kind: 'duration' },
    width: 6,
    align: 'right',
    priority: 2,
    value: (r) => r.seconds,
    format: duration,
  },
  { id: 'undo', title: 'AFTERWARDS', short: 'AFTER', width: 10, priority: 2, value: afterwards },
  { id: 'server', title: 'SERVER', width: 28, priority: 3, value: (r) => r.server },
] satisfies Column<RunRow>[];

export const operationsView = defineView<RunRow>({
  id: 'operations',
  title: 'Operations',
  noun: 'runs',
  polls: [summaryPoll],
  local: true,
  rows: (model) => model.runs,
  identity: (row) => row.id,
  sort: { column: 'when', descending: true },
  empty: 'Nothing has been done yet. The palette lists all that can be done.',
  columns,
  listedBy: 'runs list',
  copy: (row) => ({ text: row.id, what: 'id of the run' }),
  detail: (row, model) => [
    {
      title: row.subject,
      facts: [
        ['run', row.id],
        ['operation', row.operation],
        ['status', row.status],
        ['server', row.server],
        ['by', `${row.who}@${row.host}`],
        ['began', moment(new Date(row.startedAt))],
        ['took', duration(row.seconds)],
        ...(row.undo === null
          ? []
          : [['undo', `${row.undo} (${model.keyOf('runs.undo') ?? 'undo'})`] as const]),
        ...(row.undoneBy === null ? [] : [['undone by', row.undoneBy] as const]),
        ...(row.recoveredBy === null ? [] : [['cleaned up by', row.recoveredBy] as const]),
        ...(row.left
          ? [
              [
                'what now',
                `It was not brought to an end. ${model.keyOf('runs.undo') ?? 'Recover'} shows what it left, and how to clean up.`,
              ] as const,
            ]
          : []),
      ],
    },
  ],
});

export const operationsScreen = defineScreen({
  id: 'operations',
  title: 'Operations',
  short: 'Ops',
  key: '8',
  panes: [operationsView, keptView, routineView],
  weights: [3, 1, 2],
});
