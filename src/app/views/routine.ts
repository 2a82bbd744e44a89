import { CADENCES } from '../../config/routine.ts';
import { summaryPoll } from '../../db/queries/activity.ts';
import { type Column, defineView } from '../core/view.ts';
import type { RoutineRow } from '../runs/routine-row.ts';
import { whenText } from './when.ts';

/** What is due stands first, then what is done often. */
const order = ({ state, every }: RoutineRow): number =>
  (state === 'due' ? 0 : state === 'done' ? 10 : 20) + CADENCES.indexOf(every);

const columns = [
  { id: 'item', title: 'ROUTINE', width: 24, priority: 1, grow: true, value: (r) => r.title },
  { id: 'every', title: 'EVERY', width: 9, priority: 1, value: (r) => r.every },
  {
    id: 'done',
    title: 'LAST DONE',
    width: 11,
    priority: 1,
    value: (r) => r.doneAt,
    cell: (r) => (r.doneAt === null ? 'never' : whenText(r.doneAt)),
  },
  {
    id: 'due',
    title: 'DUE',
    width: 11,
    priority: 1,
    value: order,
    cell: (r) => (r.state === 'not set up' ? 'not set up' : r.dueAt === null ? 'now' : whenText(r.dueAt)),
    tone: (r) => (r.state === 'due' ? 'warn' : undefined),
  },
  { id: 'why', title: 'WHY', width: 44, priority: 3, value: (r) => r.why },
] satisfies Column<RoutineRow>[];

/** What is done again and again, when it was last done, and what is due. */
export const routineView = defineView<RoutineRow>({
  id: 'routine',
  title: 'Routine',
  noun: 'items',
  polls: [summaryPoll],
  local: true,
  rows: (model) => model.routine,
  identity: (row) => row.name,
  sort: { column: 'due', descending: false },
  empty: 'The routine has no items: they are in the settings.',
  columns,
  listedBy: 'maintain --plan',
  copy: (row) => ({ text: row.name, what: 'name of the item' }),
  remedy: (row) => ({ operation: 'maintain', input: { item: [row.name] } }),
  detail: (row) => [
    {
      title: row.title,
      facts: [
        ['name', row.name],
        ['every', row.every],
        ['does', row.work],
        ['last done', row.doneAt === null ? 'never' : new Date(row.doneAt).toString().slice(0, 24)],
        ['state', row.state === 'due' ? `due: ${row.why}` : row.why],
        ...(row.dueAt === null ? [] : [['due again', new Date(row.dueAt).toString().slice(0, 24)] as const]),
      ],
    },
  ],
});
