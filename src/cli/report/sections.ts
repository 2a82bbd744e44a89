import type { Model } from '../../app/core/model.ts';
import type { AnyView, Column } from '../../app/core/view.ts';
import { activityView } from '../../app/views/activity.ts';
import { indexesView } from '../../app/views/indexes.ts';
import { locksView } from '../../app/views/locks.ts';
import { replicationView, slotsView } from '../../app/views/replication.ts';
import { settingsView } from '../../app/views/settings.ts';
import { type StatementRow, statementsView } from '../../app/views/statements.ts';
import type { TableRow } from '../../app/views/table-rows.ts';
import { tablesView } from '../../app/views/tables.ts';
import { isChanged, type Setting, sourceText, takesOf } from '../../db/settings/list.ts';
import { hidden } from '../../db/settings/secret.ts';
import type { Told } from '../../health/outside.ts';
import { bytes, count, moment } from '../../text/units.ts';

/** A part of the report that is a view of the console: its rows, their order, and what is left out. */
export interface ViewSection {
  readonly id: string;
  readonly title: string;
  readonly view: AnyView;
  /** Rows at most; the number of the others is told. */
  readonly limit: number;
  /** Only these rows. */
  readonly only?: (row: never) => boolean;
  /** What they are ordered by, the most first; absent, as the view has them. */
  readonly by?: (row: never) => number;
  /** Before the last column: what the view has no column for. */
  readonly more?: Column<never>;
  /** A row for scripts, where the view has none that may be shown. */
  readonly record?: (row: never) => object;
  /** A picture of the rows: the name and the value of each. */
  readonly chart?: Chart<never>;
}

export interface Chart<Row> {
  readonly title: string;
  readonly bar: (row: Row) => { readonly name: string; readonly value: number; readonly text: string };
  /** The rows that have the same name are one bar. */
  readonly sum?: boolean;
}

/** A part that is told from elsewhere than the server: pgdeck's own files. */
export interface OwnSection {
  readonly id: string;
  readonly title: string;
  readonly empty: string;
  readonly columns: readonly string[];
  readonly told: (model: Model) => Told<readonly (readonly string[])[]>;
}

export type Section = ViewSection | OwnSection;

const section = <Row>(
  one: Omit<ViewSection, 'only' | 'by' | 'more' | 'chart' | 'record'> & {
    readonly only?: (row: Row) => boolean;
    readonly by?: (row: Row) => number;
    readonly more?: Column<Row>;
    readonly chart?: Chart<Row>;
    readonly record?: (row: Row) => object;
  },
): ViewSection => one as unknown as ViewSection;

const ROWS = 10;
const time = (at: number | null): string => (at === null ? 'never' : moment(new Date(at)));

/** Blocks of 8 kB that a statement had to have read, or put aside. */
const blocks = ({ row }: StatementRow): number => row.shared_blks_read + row.temp_blks_written;

/** All of the report but the verdict, in its order. Every format is written from it. */
export const SECTIONS: readonly Section[] = [
  section<StatementRow>({
    id: 'statements_total',
    title: 'Statements with the most time',
    view: statementsView,
    limit: ROWS,
    by: ({ row }) => row.total_exec_ms,
    chart: {
      title: 'Share of the time of all statements',
      bar: ({ query, share, row }) => ({
        name: query ?? row.queryid ?? '-',
        value: share ?? 0,
        text: `${((share ?? 0) * 100).toFixed(1)}%`,
      }),
    },
  }),
  section<StatementRow>({
    id: 'statements_mean',
    title: 'Statements that take longest each time',
    view: statementsView,
    limit: ROWS,
    by: ({ row }) => row.mean_exec_ms,
  }),
  section<StatementRow>({
    id: 'statements_io',
    title: 'Statements that read and write the most',
    view: statementsView,
    limit: ROWS,
    only: (row) => blocks(row) > 0,
    by: blocks,
    more: {
      id: 'blocks',
      title: 'BLOCKS',
      width: 8,
      align: 'right',
      priority: 1,
      value: blocks,
      format: count,
    },
  }),
  section<TableRow>({
    id: 'tables',
    title: 'Tables',
    view: tablesView,
    limit: 20,
    by: ({ total_bytes }) => total_bytes ?? 0,
    chart: {
      title: 'Size with indexes and TOAST',
      bar: ({ schemaname, relname, total_bytes }) => ({
        name: `${schemaname}.${relname}`,
        value: total_bytes ?? 0,
        text: bytes(total_bytes),
      }),
    },
  }),
  section({ id: 'indexes', title: 'Indexes', view: indexesView, limit: 20 }),
  section<{ readonly wait_event_type: string | null }>({
    id: 'activity',
    title: 'Sessions now',
    view: activityView,
    limit: ROWS,
    chart: {
      title: 'What sessions wait for',
      sum: true,
      bar: ({ wait_event_type: type }) => ({ name: type ?? 'at work (no wait)', value: 1, text: '' }),
    },
  }),
  section({ id: 'locks', title: 'Locks now', view: locksView, limit: 20 }),
  section({ id: 'replication', title: 'Replication', view: replicationView, limit: 20 }),
  section({ id: 'slots', title: 'Replication slots', view: slotsView, limit: 20 }),
  section<Setting>({
    id: 'settings',
    title: 'Settings that differ from their default',
    view: settingsView,
    limit: 200,
    only: isChanged,
    // of secrets only that they are set
    record: (one) => ({
      name: one.name,
      value: hidden(one.name, one.value),
      unit: one.unit,
      boot_val: one.boot_val,
      source: sourceText(one),
      takes: takesOf(one),
      pending_restart: one.pending_restart,
    }),
  }),
  {
    id: 'backups',
    title: 'Backups of this database',
    empty: 'There is no good backup of this database in the repository.',
    columns: ['BACKUP', 'MADE', 'VERIFIED', 'RESTORED FOR PROOF'],
    told: ({ outside: { backups } }) =>
      'unknown' in backups
        ? backups
        : {
            known: backups.known
              .slice(0, ROWS)
              .map((one) => [one.id, time(one.madeAt), time(one.verifiedAt), time(one.provenAt)]),
          },
  },
  {
    id: 'schedule',
    title: 'Schedule',
    empty: 'Nothing of this server runs by itself.',
    columns: ['JOB', 'STATE', 'WAS DUE', 'DONE LAST'],
    told: ({ outside: { jobs } }) =>
      'unknown' in jobs
        ? jobs
        : { known: jobs.known.map((one) => [one.name, one.state, time(one.dueAt), time(one.doneAt)]) },
  },
];

export const isView = (one: Section): one is ViewSection => 'view' in one;
