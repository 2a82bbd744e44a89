import { afterAll, beforeAll, expect, test } from 'vitest';
import { frameOf, shapeOf } from '../../../src/app/frame.ts';
import { lineText } from '../../../src/text/line.ts';
import { app, publish } from '../../db/queries/session.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { Stage } from '../stage.ts';

let db: TestDatabase;
let stage: Stage;

beforeAll(async () => {
  db = await testDatabase();
  await publish(db, 'CREATE TABLE orders (id int)');
  stage = await new Stage(db.target(), {
    thresholds: {
      lock_wait_seconds: { normal: 0.1, alert: 0.2, critical: 600 },
      idle_in_transaction_seconds: { normal: 0.1, alert: 0.2, critical: 600 },
    },
  }).start();
});
afterAll(async () => {
  await stage?.stop();
  await db?.drop();
});

/** The bands of the frame with their heights, and the line of the alerts. */
function frame(columns: number, rows: number) {
  stage.deck.resize(columns, rows);
  const bands = frameOf(shapeOf(stage.deck));
  const [alerts] = bands.filter(({ id }) => id === 'alerts');
  const content = alerts?.content;
  const line = Array.isArray(content) ? content[0]?.lines(stage.deck).map(lineText).join('') : undefined;
  return { height: bands.reduce((sum, { height }) => sum + height, 0), line };
}
const told = () => stage.deck.state.log.map(({ text }) => text).filter((text) => /lock/.test(text));

test('an alert is a line under the header and an entry of the message log, and the frame is as high as before', async () => {
  expect(frame(120, 40)).toMatchObject({ height: 40 });
  const [holder, waiter] = await Promise.all([app(db), app(db)]);
  await holder.sql('BEGIN');
  await holder.sql('LOCK orders');
  await waiter.sql('BEGIN');
  const waiting = waiter.sql('LOCK orders');
  const own = () => stage.deck.state.alerts.find(({ key }) => key === 'lock_wait:orders');
  try {
    await stage.seconds(() => own() !== undefined, 'the alert');
    expect(told()).toEqual([expect.stringMatching(/^alert: .* wait/)]);
    // the verdict on the same screen tells of the wait
    expect(frame(120, 40)).toEqual({ height: 40, line: undefined });
    stage.deck.store.set({ screen: 'tables' });
    for (const [columns, rows] of [
      [80, 24],
      [120, 40],
      [200, 50],
    ] as const) {
      const { height, line } = frame(columns, rows);
      expect(height).toBe(rows);
      expect(line).toMatch(/^!+.* wait.* {2}\(9\) *$/);
      expect(line?.length).toBeLessThanOrEqual(columns);
    }
    await stage.seconds(() => stage.deck.state.alerts.length > 1, 'the second alert');
    expect(frame(120, 40).line).toMatch(/ wait.* {2}and 1 more \(9\) *$/);
    stage.deck.store.set({ screen: 'overview' });
    expect(frame(120, 40).line).toMatch(/idle in (a )?transaction.* {2}\(9\) *$/);
    // where there is no room for it the rows are for the panes
    expect(frame(80, 16)).toEqual({ height: 16, line: undefined });
    stage.deck.resize(120, 40);
  } finally {
    await holder.sql('ROLLBACK');
    await waiting;
    stage.deck.resize(120, 40);
    stage.deck.store.set({ screen: 'tables' });
    // for half a minute it may come again: until then it is not told as if it still were
    await stage.seconds(() => own()?.calm === true, 'the end of the wait');
    expect(frame(120, 40).line).toMatch(/(idle in |^ {2}Over, if it stays so: 1 session waits)/);
    await Promise.all([holder.close(), waiter.close()]);
  }
});
