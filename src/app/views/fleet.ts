import { summaryPoll } from '../../db/queries/activity.ts';
import type { Level } from '../../health/level.ts';
import { scoreLevel } from '../../health/score.ts';
import type { Tone } from '../../text/line.ts';
import { duration, plural } from '../../text/units.ts';
import { type Column, defineScreen, defineView } from '../core/view.ts';
import type { FleetFigures, FleetRow, FleetState } from '../fleet/row.ts';

/** What the state is called, and how much it matters: the worst is the greatest. */
const STATES: Readonly<
  Record<FleetState, { readonly word: string; readonly rank: number; readonly level: Level }>
> = {
  silent: { word: 'no answer', rank: 6, level: 'critical' },
  away: { word: 'away', rank: 5, level: 'critical' },
  refused: { word: 'refused', rank: 4, level: 'alert' },
  invalid: { word: 'not set up', rank: 3, level: 'alert' },
  password: { word: 'no password', rank: 2, level: 'warn' },
  connecting: { word: 'connecting', rank: 1, level: 'normal' },
  up: { word: 'up', rank: 0, level: 'normal' },
};

/** A level that holds now: what is old alarms nobody. */
const now = (row: FleetRow, level: Level | undefined): Level => (row.fresh ? (level ?? 'normal') : 'normal');
const old = (row: FleetRow): Tone | undefined => (row.fresh ? undefined : 'muted');

function figure(
  spec: Pick<Column<FleetRow>, 'id' | 'title' | 'field' | 'width' | 'priority' | 'format'>,
  value: (figures: FleetFigures) => number | null,
  level: (figures: FleetFigures) => Level = () => 'normal',
): Column<FleetRow> {
  return {
    ...spec,
    align: 'right',
    value: ({ figures }) => figures && value(figures),
    level: (r) => now(r, r.figures && level(r.figures)),
    tone: old,
  };
}

const seconds = (value: number | null | undefined) =>
  value === null || value === undefined ? '-' : duration(value);

/** Why it is not up; else what is wrong with it. */
function matter({ reason, fresh, figures }: FleetRow): string {
  if (reason !== '') return reason;
  const [worst] = figures?.alerts ?? [];
  const more = (figures?.alerts.length ?? 0) - 1;
  if (worst === undefined || !fresh) return '';
  return more > 0 ? `${worst.title} (${more} more)` : worst.title;
}

const columns: readonly Column<FleetRow>[] = [
  {
    id: 'name',
    title: 'PROFILE',
    field: { kind: 'text', also: ['profile'] },
    width: 14,
    priority: 1,
    value: (r) => r.name,
    tone: (r) => (r.environment === 'production' ? 'accent' : undefined),
  },
  {
    id: 'state',
    title: 'STATE',
    width: 12,
    priority: 1,
    value: (r) => STATES[r.state].rank,
    cell: (r) => STATES[r.state].word,
    level: (r) => STATES[r.state].level,
    tone: (r) => (r.state === 'up' ? 'good' : undefined),
  },
  {
    id: 'role',
    title: 'ROLE',
    width: 7,
    priority: 3,
    value: ({ figures }) => (figures === undefined ? '-' : figures.standby ? 'standby' : 'primary'),
    tone: old,
  },
  {
    id: 'version',
    title: 'PG',
    width: 6,
    priority: 5,
    value: ({ figures }) => figures?.version,
    tone: old,
  },
  {
    ...figure(
      {
        id: 'connections',
        title: 'CONNS',
        field: { kind: 'number', also: ['conns'] },
        width: 8,
        priority: 2,
      },
      (f) => f.connections,
      (f) => f.connectionsLevel,
    ),
    cell: ({ figures }) => (figures === undefined ? '-' : `${figures.connections}/${figures.maxConnections}`),
  },
  figure(
    { id: 'waiting', title: 'WAIT', field: { kind: 'number', also: ['wait'] }, width: 5, priority: 1 },
    (f) => f.waiting,
    (f) => ((f.waiting ?? 0) > 0 ? 'warn' : 'normal'),
  ),
  figure(
    {
      id: 'longest',
      title: 'XACT',
      field: { kind: 'duration', also: ['xact'] },
      width: 6,
      priority: 2,
      format: seconds,
    },
    (f) => f.longestSeconds,
    (f) => f.longestLevel,
  ),
  figure(
    { id: 'lag', title: 'LAG', field: { kind: 'duration' }, width: 9, priority: 3, format: seconds },
    (f) => f.lagSeconds,
    (f) => f.lagLevel,
  ),
  {
    ...figure(
      { id: 'score', title: 'SCORE', field: { kind: 'number' }, width: 6, priority: 1 },
      (f) => f.score,
      (f) => (f.score === null ? 'normal' : scoreLevel(f.score)),
    ),
    // of what is cheap to know only: the console of the server has all of it
    cell: ({ figures, watched }) => (figures?.score == null ? '-' : `${watched ? '' : '~'}${figures.score}`),
  },
  {
    id: 'age',
    title: 'AGE',
    field: { kind: 'duration' },
    width: 5,
    align: 'right',
    priority: 1,
    value: (r) => r.ageSeconds,
    format: seconds,
    level: (r) => (r.fresh || r.figures === undefined ? 'normal' : 'warn'),
  },
  { id: 'place', title: 'SERVER', width: 32, priority: 6, value: (r) => r.place, tone: () => 'muted' },
  {
    id: 'matter',
    title: 'ALERTS',
    width: 24,
    priority: 4,
    grow: true,
    value: matter,
    tone: (r) => (r.state === 'up' ? 'alert' : 'muted'),
  },
];

const identity = (row: FleetRow) => `${row.name} ${row.place}`;

export const fleetView = defineView<FleetRow>({
  id: 'fleet',
  title: 'Fleet',
  noun: 'servers',
  polls: [summaryPoll],
  local: true,
  rows: (model) => model.fleet,
  identity,
  sort: { column: 'name', descending: false },
  empty: 'There are no profiles. pgdeck profile add NAME -h HOST -d DATABASE adds one.',
  columns,
  headline: (_model, rows) => {
    const all = rows as readonly FleetRow[];
    const up = all.filter(({ state }) => state === 'up').length;
    return all.length === 0 ? [] : [{ text: `${up} of ${plural(all.length, 'server')} up`, tone: 'muted' }];
  },
  copy: (row) => ({ text: row.place, what: 'address of the server' }),
  detail: (row) => [
    {
      title: row.name,
      facts: [
        ['server', row.place],
        ['state', [STATES[row.state].word, row.reason].filter(Boolean).join(': ')],
        ['read', row.ageSeconds === null ? 'never' : `${duration(row.ageSeconds)} ago`],
        ...factsOf(row.figures),
      ],
    },
    {
      title: row.fresh ? 'What is wrong' : 'What was wrong',
      text:
        row.figures?.alerts.map(({ severity, title }) => `${severity}: ${title}`).join('\n') ||
        'Nothing that was looked at.',
    },
  ],
  record: (row) => ({
    profile: row.name,
    server: row.place,
    environment: row.environment ?? null,
    state: row.state,
    reason: row.reason === '' ? null : row.reason,
    fresh: row.fresh,
    age_seconds: row.ageSeconds,
    version: row.figures?.version ?? null,
    role: row.figures === undefined ? null : row.figures.standby ? 'standby' : 'primary',
    connections: row.figures?.connections ?? null,
    max_connections: row.figures?.maxConnections ?? null,
    lock_waiting: row.figures?.waiting ?? null,
    longest_xact_seconds: row.figures?.longestSeconds ?? null,
    lag_seconds: row.figures?.lagSeconds ?? null,
    score: row.figures?.score ?? null,
    coverage_percent: row.figures?.coverage ?? null,
    alerts: row.figures?.alerts ?? null,
  }),
});

function factsOf(figures: FleetFigures | undefined): (readonly [string, string])[] {
  if (figures === undefined) return [];
  return [
    ['PostgreSQL', `${figures.version}, ${figures.standby ? 'standby' : 'primary'}`],
    ['connections', `${figures.connections} of ${figures.maxConnections}`],
    ['waiting for locks', String(figures.waiting ?? '-')],
    ['longest transaction', seconds(figures.longestSeconds)],
    ['replication lag', seconds(figures.lagSeconds)],
    [
      'score',
      figures.score === null ? '-' : `${figures.score}, of ${figures.coverage}% of what health weighs`,
    ],
    ...(figures.hidden === undefined ? [] : [['hidden', figures.hidden] as const]),
  ];
}

export const fleetScreen = defineScreen({ id: 'fleet', title: 'Fleet', panes: [fleetView] });
