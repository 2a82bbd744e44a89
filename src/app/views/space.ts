import type { AnyPoll } from '../../db/poll.ts';
import { spaceDatabasesPoll } from '../../db/queries/space.ts';
import { type Line, span } from '../../text/line.ts';
import { bytes, percent } from '../../text/units.ts';
import type { Model } from '../core/model.ts';
import {
  type Column,
  columnFacts,
  defineScreen,
  defineView,
  opensFilled,
  type ViewRecord,
} from '../core/view.ts';
import type { Consumer } from './space/consumer.ts';
import { SOURCES } from './space/consumers.ts';
import { keepersOf, WHY_NOT_PG_WAL } from './space/wal.ts';

/** A consumer beside all others. */
interface Row extends Consumer {
  /** Of what the server holds; null where that or its own size is not known. */
  readonly share: number | null;
}

function rows(model: Model): readonly Row[] {
  const all = SOURCES.flatMap((source) => source.rows(model));
  const total = totalOf(all);
  return all.map((row) => ({
    ...row,
    share: row.bytes === null || total === 0 ? null : Math.min(1, row.bytes / total),
  }));
}

/** What the server holds, as far as it is known: what is part of another row counts once. */
function totalOf(all: readonly Consumer[]): number {
  return all.filter(({ whole }) => whole).reduce((sum, row) => sum + (row.bytes ?? 0), 0);
}

const growthText = (value: number | null | undefined) =>
  value === null || value === undefined ? '-' : `${value > 0 ? '+' : ''}${bytes(value)}/h`;

/** Why a size is not known: of that nobody can say what helps, and the note may have no room beside it. */
const unknownText = ({ bytes: size, note }: Consumer) => (size === null ? note : '');

const columns = [
  { id: 'what', title: 'WHAT', width: 10, priority: 1, value: (c) => c.kind },
  { id: 'name', title: 'NAME', width: 22, priority: 1, value: (c) => c.name },
  {
    id: 'size',
    title: 'SIZE',
    field: { kind: 'size' },
    width: 8,
    align: 'right',
    priority: 1,
    value: (c) => c.bytes,
    cell: (c) => `${c.exact || c.bytes === null ? '' : '~'}${bytes(c.bytes)}`,
  },
  {
    id: 'share',
    title: 'SHARE',
    field: { kind: 'percent' },
    width: 6,
    align: 'right',
    priority: 3,
    value: (c) => c.share,
    format: percent,
    tone: () => 'muted',
  },
  {
    id: 'growth',
    title: 'GROWTH',
    field: { kind: 'size' },
    width: 10,
    align: 'right',
    priority: 5,
    value: (c) => c.growth,
    format: growthText,
  },
  {
    id: 'helps',
    title: 'WHAT HELPS',
    width: 24,
    grow: true,
    priority: 2,
    value: (c) => c.helps,
    cell: (c) => c.helps || unknownText(c),
  },
  {
    id: 'note',
    title: 'NOTE',
    width: 34,
    priority: 4,
    value: (c) => c.note,
    cell: (c) => (c.helps === '' && unknownText(c) !== '' ? '' : c.note),
    tone: () => 'muted',
  },
] satisfies Column<Row>[];

/** How full the disks are, where that is known. */
function diskLine({ outside: { volumes } }: Model): Line {
  if ('unknown' in volumes) return [span(`disk: ${volumes.unknown}`, 'muted')];
  return volumes.known.map(({ name, totalBytes, freeBytes }, at) =>
    span(
      `${at === 0 ? '' : '  '}${name}: ${bytes(freeBytes)} free of ${bytes(totalBytes)} (${percent(1 - freeBytes / totalBytes)} used)`,
    ),
  );
}

/** What is known of a row, for scripts. */
function recordOf(row: Row): ViewRecord {
  const { kind, name, bytes: size, exact, share, whole, growth, note, helps, remedy, backend } = row;
  return {
    kind,
    name,
    bytes: size,
    bytes_exact: exact,
    share,
    part_of_another: !whole,
    growth_bytes_per_hour: growth,
    note,
    helps,
    operation: remedy?.operation ?? null,
    input: remedy?.input ?? null,
    pid: backend?.pid ?? null,
    backend_start_us: backend?.backendStart ?? null,
  };
}

export const spaceView = defineView<Row>({
  id: 'space',
  title: 'Space',
  noun: 'consumers',
  polls: [
    spaceDatabasesPoll,
    ...new Set<AnyPoll>(SOURCES.flatMap(({ polls }) => polls).filter((one) => one !== spaceDatabasesPoll)),
  ],
  rows,
  identity: ({ kind, name }) => `${kind} ${name}`,
  taken: { field: 'table', name: ({ kind, name }) => (kind === 'table' ? name : undefined) },
  sort: { column: 'size', descending: true },
  empty: 'Nothing is known yet.',
  columns,
  listedBy: 'space',
  headline: diskLine,
  backend: ({ backend }) => backend,
  remedy: ({ remedy }) => remedy,
  detail: (row, model) => [
    { title: row.name, facts: columnFacts({ columns: columns.slice(0, 5) }, row, model) },
    ...(row.note === '' ? [] : [{ title: 'What it is', text: row.note }]),
    ...(row.kind === 'WAL' || row.kind === 'WAL kept' ? [keptSection(model)] : []),
    ...(row.helps === ''
      ? []
      : [
          {
            title: 'What helps',
            text: row.remedy === undefined ? row.helps : `${row.helps}.${opensFilled(model)}`,
          },
        ]),
    ...(row.kind === 'WAL' || row.kind === 'WAL kept'
      ? [{ title: 'Not by hand', text: WHY_NOT_PG_WAL }]
      : []),
  ],
  record: recordOf,
  beside: {
    facts: (model) => {
      const { volumes } = model.outside;
      return {
        total_bytes: totalOf(rows(model)),
        disks: 'known' in volumes ? volumes.known : null,
        disks_unknown: 'unknown' in volumes ? volumes.unknown : null,
        wal_kept_by: keepersOf(model),
        pg_wal_by_hand: WHY_NOT_PG_WAL,
      };
    },
  },
});

function keptSection(model: Model) {
  return {
    title: 'What keeps WAL, the furthest back first',
    table: {
      columns: ['what', 'back', 'why'],
      rows: keepersOf(model).map(({ name, bytes: size, note }) => [name, bytes(size), note]),
    },
  };
}

export const spaceScreen = defineScreen({ id: 'space', title: 'Space', panes: [spaceView] });
