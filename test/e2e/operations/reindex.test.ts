import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../src/db/session.ts';
import { bloatedIndex } from '../../ops/reindex/stage.ts';
import { client, type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { openConsole } from '../console.ts';

let db: TestDatabase;
let app: Session;
const home = temporaryDirectory();

beforeAll(async () => {
  db = await testDatabase();
  app = await client(db.target(), 'app');
  await bloatedIndex(app, 'orders');
});
afterAll(() => db?.drop());

test('from the marked index to what it is like now, with whom it waits for', async () => {
  await app.sql('BEGIN');
  await app.sql('UPDATE orders SET t = t WHERE id = 10');
  const pty = await openConsole(db.target(), {
    cols: 120,
    rows: 36,
    env: { XDG_STATE_HOME: home },
  });
  pty.press('5');
  await pty.waitFor(/▶ orders_t/);
  pty.press('space');
  await pty.waitFor(/1 marked/);
  pty.press('v');
  await pty.waitFor(/Indexes {2,}public\.orders_t,[\s\S]*\* public\.orders_t .*bloat ~/);
  pty.press('tab', 'enter');
  await pty.waitFor(/Reindex public\.orders_t[\s\S]*Enter asks whether to run it/);
  pty.press('enter');
  await pty.waitFor(/\[No\]/);
  pty.press('y');
  await pty.waitFor(
    /waiting for writers before build \(phase 2 of 13\)[\s\S]*Waits for session \d+ \(postgres, app/,
  );
  await app.sql('COMMIT');
  await pty.waitFor(/DONE {2,}[\s\S]*public\.orders_t .*done/, { timeout: 20_000 });
  pty.press('enter', 'q');
  expect((await pty.exit).code).toBe(0);
});
