import { keptPoll } from '../../db/queries/database/kept.ts';
import { type Kept, KIND_WORDS, keptOf, usedBy } from '../../ops/kept/kept.ts';
import { bytes, moment } from '../../text/units.ts';
import type { Model } from '../core/model.ts';
import { type Column, defineView } from '../core/view.ts';
import type { RunRow } from '../runs/read.ts';
import { whenText } from './when.ts';

/** The copies that runs of the journal have made; of another server they have no row there. */
export function copiesOf(runs: readonly RunRow[]) {
  return runs.flatMap(({ copy }) => copy ?? []);
}

const rows = (model: Model): readonly Kept[] => keptOf(model.rows(keptPoll), copiesOf(model.runs));

const columns = [
  {
    id: 'database',
    title: 'KEPT DATABASE',
    field: { kind: 'text', also: ['db'] },
    width: 34,
    priority: 1,
    grow: true,
    value: (k) => k.name,
  },
  { id: 'what', title: 'WHAT', width: 16, priority: 2, value: (k) => KIND_WORDS[k.kind] },
  {
    id: 'size',
    title: 'SIZE',
    field: { kind: 'size' },
    width: 8,
    align: 'right',
    priority: 1,
    value: (k) => k.row.total_bytes,
    format: bytes,
  },
  {
    id: 'made',
    title: 'MADE',
    width: 11,
    priority: 2,
    value: (k) => k.madeAt,
    cell: (k) => (k.madeAt === null ? '-' : whenText(k.madeAt)),
  },
  { id: 'used', title: 'USED BY', width: 20, priority: 3, value: (k) => usedBy(k.row) },
  { id: 'run', title: 'RUN', width: 22, priority: 4, value: (k) => k.run },
] satisfies Column<Kept>[];

/** Databases that pgdeck has made and nobody else looks after. */
export const keptView = defineView<Kept>({
  id: 'kept',
  title: 'Kept databases',
  noun: 'databases',
  polls: [keptPoll],
  rows,
  identity: (row) => String(row.oid),
  sort: { column: 'size', descending: true },
  empty: 'No restore has left a database.',
  columns,
  listedBy: 'db kept',
  copy: (row) => ({ text: row.name, what: 'name' }),
  operations: [
    {
      id: 'kept.drop',
      key: 'D',
      title: 'Drop the database that pgdeck made',
      operation: 'db drop',
      argument: (row) => row.name,
      danger: true,
      hint: 2,
      short: 'drop',
      elsewhere: 'the row is no database that pgdeck made',
    },
  ],
  detail: (row) => [
    {
      title: row.name,
      facts: [
        ['what', KIND_WORDS[row.kind]],
        ['of', row.of ?? '-'],
        ['owner', row.row.owner],
        ['size', bytes(row.row.total_bytes)],
        ['made', row.madeAt === null ? '-' : moment(new Date(row.madeAt))],
        ['run', row.run],
        ['used by', usedBy(row.row) || 'nobody'],
      ],
    },
  ],
});
