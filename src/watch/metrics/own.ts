import { SEVERITIES, type Severity } from '../../health/finding.ts';
import type { JobFact, Outside, Told } from '../../health/outside.ts';
import { columns, type Metric, type Scrape } from './metric.ts';

/** One row: the scrape itself. */
const once = { reads: [], rows: (scrape: Scrape) => [scrape] } as const;
const always = true;

/** Until everything was asked once, what is found is not all. */
const judged = ({ assessment }: Scrape) => (assessment?.asked ? assessment : undefined);

function open(scrape: Scrape): Readonly<Record<Severity, number>> | undefined {
  const findings = judged(scrape)?.findings.filter(({ waiver }) => waiver === undefined);
  if (findings === undefined) return undefined;
  const severities = findings.flatMap(
    ({ grouped, severity }) => grouped?.map((one) => one.severity) ?? [severity],
  );
  const count = (severity: Severity) => severities.filter((one) => one === severity).length;
  return Object.fromEntries(SEVERITIES.map((one) => [one, count(one)])) as Record<Severity, number>;
}

const health: readonly Metric[] = [
  ...columns(once, [
    {
      name: 'pgdeck_health_score',
      help: 'Health score, 0 to 100.',
      value: (scrape) => judged(scrape)?.score,
    },
    {
      name: 'pgdeck_health_coverage',
      help: 'Percent of the score’s weights that was measured.',
      value: (scrape) => judged(scrape)?.coverage,
    },
    {
      name: 'pgdeck_checks_unknown',
      help: 'Checks that could not be made.',
      value: (scrape) => judged(scrape)?.unknown.length,
    },
  ]),
  ...columns(
    {
      reads: [],
      rows: (scrape) => judged(scrape)?.categories ?? [],
      labels: { category: ({ id }) => id },
    },
    [
      {
        name: 'pgdeck_category_score',
        help: 'What is left of the weight of a category, 0 to 100; absent where it is not scored or not known.',
        value: ({ score }) => score,
      },
    ],
  ),
  ...columns(
    {
      reads: [],
      rows: (scrape) => Object.entries(open(scrape) ?? {}),
      labels: { severity: ([severity]) => severity },
    },
    [
      {
        name: 'pgdeck_findings',
        help: 'Findings that are not waived.',
        value: ([, count]) => count,
      },
    ],
  ),
];

const checkOf = (key: string): string => key.split(':', 1)[0] ?? key;

const alerts = columns(
  {
    reads: [],
    rows: (scrape) => {
      const groups = Map.groupBy(scrape.alerts, ({ key, severity }) => `${checkOf(key)}/${severity}`);
      return [...groups.values()].flatMap(([first, ...more]) =>
        first ? [{ check: checkOf(first.key), severity: first.severity, count: 1 + more.length }] : [],
      );
    },
    labels: { check: ({ check }) => check, severity: ({ severity }) => severity },
  },
  [
    {
      name: 'pgdeck_alerts',
      help: 'Alerts that are raised now; absent: none of the check.',
      always,
      value: ({ count }) => count,
    },
  ],
);

const watching = columns(once, [
  {
    name: 'pg_up',
    help: 'Whether the server answers and the last sample is fresh.',
    always,
    value: ({ up, stale }) => up && !stale,
  },
  {
    name: 'pgdeck_stale',
    help: 'Whether the last sample does not say how the server is now: its figures are left out then.',
    always,
    value: ({ up, stale }) => stale || !up,
  },
  {
    name: 'pgdeck_sample_timestamp_seconds',
    help: 'When the last sample was taken, in seconds since 1970.',
    always,
    value: ({ sampledAt }) => (sampledAt === undefined ? null : sampledAt / 1000),
  },
  {
    name: 'pgdeck_notifications_pending',
    help: 'Notifications that are not sent yet.',
    always,
    value: ({ notifications }) => notifications.pending,
  },
  {
    name: 'pgdeck_notifications_sent_total',
    help: 'Notifications sent.',
    type: 'counter',
    always,
    value: ({ notifications }) => notifications.sent,
  },
  {
    name: 'pgdeck_notifications_given_up_total',
    help: 'Notifications that could not be sent within their time.',
    type: 'counter',
    always,
    value: ({ notifications }) => notifications.givenUp,
  },
  {
    name: 'pgdeck_server_info',
    help: 'What is watched, and its version: the value is 1.',
    labels: {
      server: ({ server }) => server,
      version: ({ figures }) => figures.server?.version,
    },
    value: ({ figures }) => (figures.server ? 1 : null),
  },
]);

/** What is told by pgdeck's own look at the machine; null: it is not known. */
function known<T>(scrape: Scrape, of: (outside: Outside) => Told<T>): T | null {
  const told = scrape.outside && of(scrape.outside);
  return told && 'known' in told ? told.known : null;
}

const JOB_STATES: readonly JobFact['state'][] = ['ok', 'running', 'failed', 'missed', 'never'];
const seconds = (times: readonly number[]): number | null =>
  times.length === 0 ? null : Math.max(...times) / 1000;

const outside: readonly Metric[] = [
  ...columns(
    {
      reads: [],
      rows: (scrape) => known(scrape, ({ volumes }) => volumes) ?? [],
      labels: { volume: ({ name }) => name },
    },
    [
      {
        name: 'pgdeck_disk_size_bytes',
        help: 'Size of a file system that the server writes to.',
        always,
        value: ({ totalBytes }) => totalBytes,
      },
      {
        name: 'pgdeck_disk_free_bytes',
        help: 'What the server may still write there.',
        always,
        value: ({ freeBytes }) => freeBytes,
      },
    ],
  ),
  ...columns(
    {
      reads: [],
      rows: (scrape) => {
        const jobs = known(scrape, (one) => one.jobs);
        return jobs === null
          ? []
          : JOB_STATES.map((state) => ({ state, count: jobs.filter((job) => job.state === state).length }));
      },
      labels: { state: ({ state }) => state },
    },
    [
      {
        name: 'pgdeck_jobs',
        help: 'Scheduled jobs by what became of their last time.',
        always,
        value: ({ count }) => count,
      },
    ],
  ),
  ...columns({ reads: [], rows: (scrape) => [known(scrape, ({ backups }) => backups)] }, [
    {
      name: 'pgdeck_backup_timestamp_seconds',
      help: 'When the newest good backup of the database was begun, in seconds since 1970; absent: there is none.',
      always,
      value: (backups) => seconds((backups ?? []).map(({ madeAt }) => madeAt)),
    },
    {
      name: 'pgdeck_backup_verified_timestamp_seconds',
      help: 'When the newest backup that was verified was begun, in seconds since 1970; absent: there is none.',
      always,
      value: (backups) =>
        seconds((backups ?? []).flatMap(({ madeAt, verifiedAt }) => (verifiedAt === null ? [] : [madeAt]))),
    },
  ]),
];

export const own: readonly Metric[] = [...watching, ...health, ...alerts, ...outside];
