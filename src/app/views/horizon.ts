import { type HorizonRow, horizonPoll } from '../../db/queries/horizon.ts';
import { levelOf } from '../../health/level.ts';
import { span } from '../../text/line.ts';
import { count, duration } from '../../text/units.ts';
import { type Column, columnFacts, defineView } from '../core/view.ts';

const KINDS: Readonly<Record<HorizonRow['kind'], string>> = {
  session: '',
  'prepared transaction': 'prepared',
  'replication slot': 'slot',
  standby: 'standby',
};

const columns = [
  {
    id: 'holder',
    title: 'HOLDER',
    width: 16,
    priority: 1,
    value: (h) => h.id,
    cell: (h) => [KINDS[h.kind], h.id].filter((word) => word !== '').join(' '),
  },
  {
    id: 'seconds',
    title: 'SINCE',
    field: { kind: 'duration', also: ['age'] },
    width: 9,
    align: 'right',
    priority: 1,
    value: (h) => h.seconds,
    format: duration,
    level: (h, model) => levelOf('long_query_seconds', h.seconds, model.thresholds),
  },
  {
    id: 'xids',
    title: 'XIDS',
    field: { kind: 'number' },
    width: 6,
    align: 'right',
    priority: 2,
    value: (h) => h.xids,
    format: count,
  },
  { id: 'detail', title: 'WHO', width: 20, grow: true, priority: 1, value: (h) => h.detail ?? '' },
  {
    id: 'database',
    title: 'DATABASE',
    field: { kind: 'text', also: ['db'] },
    width: 10,
    least: 8,
    priority: 3,
    value: (h) => h.database ?? '',
  },
] satisfies Column<HorizonRow>[];

/** What keeps VACUUM from removing dead rows: the oldest snapshots, whoever has them. */
export const horizonView = defineView<HorizonRow>({
  id: 'horizon',
  title: 'Xmin horizon',
  noun: 'holders',
  polls: [horizonPoll],
  rows: (model) => model.rows(horizonPoll),
  identity: (h) => `${h.kind}/${h.id}`,
  sort: { column: 'xids', descending: true },
  ordered: 'The oldest snapshot stands first: it is the one that counts.',
  empty: 'Nothing holds VACUUM back.',
  columns,
  headline: (model) => {
    const rows = model.rows(horizonPoll);
    const of = (kind: HorizonRow['kind']) => rows.filter((h) => h.kind === kind).length;
    const told = [
      [of('prepared transaction'), 'prepared'],
      [of('replication slot'), 'slots'],
      [of('standby'), 'standbys'],
    ] as const;
    return told.flatMap(([n, word]) => (n > 0 ? [span(`${n} ${word}  `, 'muted')] : []));
  },
  detail: (h, model) => [
    {
      title: `Held by ${h.kind} ${h.id}`,
      facts: [...columnFacts({ columns }, h, model), ['transactions begun since', count(h.xids)]],
    },
  ],
});
