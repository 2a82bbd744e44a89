import { mergeThresholds, type ThresholdOverrides } from '../../src/config/thresholds.ts';
import type { AnyPoll, Poll } from '../../src/db/poll.ts';
import type { Server } from '../../src/db/server.ts';
import { type Assessment, assess } from '../../src/health/assess.ts';
import type { Check } from '../../src/health/check.ts';
import type { Outside } from '../../src/health/outside.ts';
import { countsOf } from '../../src/health/registry.ts';
import { Figures } from '../../src/monitor/figures.ts';
import type { Part } from '../../src/monitor/snapshot.ts';
import { NOTHING_TOLD } from './stage.ts';

/** What one reading has brought; of what is not named there were no rows. */
export type Rows = readonly (readonly [AnyPoll, readonly unknown[]])[];

/** A poll's rows, as much of them as matters. */
export function rowsOf<Row>(poll: Poll<Row>, ...rows: Partial<Row>[]): Rows[number] {
  return [poll as AnyPoll, rows];
}

export const SERVER = {
  major: 17,
  user: 'postgres',
  database: 'shop',
  databaseOid: 5,
  standby: false,
  vendor: 'self',
  startedAt: 1,
  rights: { superuser: true },
  settings: {
    archive_mode: 'off',
    block_size: '8192',
    checkpoint_timeout: '300',
    max_wal_size: '1024',
    shared_buffers: '16384',
    track_io_timing: 'on',
  },
} as unknown as Server;

interface Given {
  readonly server?: Partial<Server>;
  readonly thresholds?: ThresholdOverrides;
  readonly outside?: Partial<Outside>;
  /** When a poll was read, in seconds, where not at the same moment as the others. */
  readonly at?: readonly (readonly [AnyPoll, number])[];
}

/** Judges what no server can be brought to within a test, reading by reading. */
export function assessed(
  checks: readonly Check[],
  readings: readonly Rows[],
  { server: different, thresholds, outside, at = [] }: Given = {},
): Assessment {
  const server = { ...SERVER, ...different };
  const moments = new Map(at);
  let rows = new Map<AnyPoll, readonly unknown[]>();
  const part = <Row>(poll: Poll<Row>): Part<Row> => {
    const read = (rows.get(poll as AnyPoll) ?? []) as readonly Row[];
    return { status: 'ok', at: (moments.get(poll as AnyPoll) ?? 0) * 1000, ms: 1, rows: read };
  };
  const figures = new Figures({ part, server }, countsOf(checks));
  for (const reading of readings) {
    rows = new Map(reading);
    figures.observe();
  }
  const facts = { figures, server, thresholds: mergeThresholds(thresholds) };
  return assess({ ...facts, outside: { ...NOTHING_TOLD, ...outside } }, { checks });
}
