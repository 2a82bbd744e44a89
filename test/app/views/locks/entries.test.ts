import { expect, test } from 'vitest';
import { Model } from '../../../../src/app/core/model.ts';
import { lockForest } from '../../../../src/app/views/locks/entries.ts';
import { mergeThresholds } from '../../../../src/config/thresholds.ts';
import type { LockRow } from '../../../../src/db/queries/locks.ts';
import { locksPoll } from '../../../../src/db/queries/locks.ts';
import type { Facts } from '../../../../src/monitor/figures.ts';
import type { Part, PartStatus } from '../../../../src/monitor/snapshot.ts';

const row = (pid: number, blocked_by: number[], more: Partial<LockRow>) =>
  ({ pid, blocked_by, n_blockers: blocked_by.length, wait_seconds: null, gid: null, ...more }) as LockRow;
const rows = [
  row(1, [], { duration_seconds: 60, state_seconds: 60 }),
  row(2, [1], { wait_seconds: 10, duration_seconds: 10 }),
];

/** Who waits was counted at one second (ms), for whom was read at another one. */
function model(counted: number, read: number, status: PartStatus = 'ok'): Model {
  const facts = {
    server: undefined,
    part: (poll: unknown): Part<unknown> =>
      poll === locksPoll
        ? { status, at: read, rows, ms: 300 }
        : { status: 'ok', at: counted, rows: [{ lock_waiting: 1 }], ms: 1 },
  } as Facts;
  return new Model(facts, mergeThresholds());
}

const waits = (of: Model) => lockForest(of).entries.map(({ row }) => row.wait_seconds);
const ages = (of: Model) => lockForest(of).entries.map(({ row }) => row.duration_seconds);

test('waits go on while the forest, dear for the server, is read less often than who waits is counted', () => {
  const now = model(9000, 6000);
  expect(waits(now)).toEqual([null, 13]);
  expect(ages(now)).toEqual([63, 13]);
  // the screen and its keys go by one forest
  expect(lockForest(now)).toBe(lockForest(now));
  expect(waits(model(6000, 6000))).toEqual([null, 10]);
  expect(waits(model(6000, 6100))).toEqual([null, 10]);
  // the pane says from when it is
  expect(waits(model(9000, 6000, 'skipped'))).toEqual([null, 10]);
});
