import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../src/db/session.ts';
import { journalDirectory, listRuns } from '../../../src/ops/engine/journal/runs.ts';
import { bloated, slowVacuum } from '../../ops/maintain/stage.ts';
import { client, type TestDatabase, testDatabase, until } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import type { Pty } from '../../support/terminal/pty.ts';
import { openConsole } from '../console.ts';

let db: TestDatabase;
let app: Session;
const home = temporaryDirectory();
const env = { XDG_STATE_HOME: home };

beforeAll(async () => {
  db = await testDatabase();
  app = await client(db.target(), 'app');
  await bloated(app, 'orders');
  await counted();
});
afterAll(() => db?.drop());

/** A session publishes what it has done when it is asked something a while later. */
const counted = () =>
  until(
    async () =>
      Number((await app.sql("SELECT pg_stat_get_dead_tuples('orders'::regclass) AS n"))[0]?.n) === 10_000,
    {
      what: 'counted dead rows',
    },
  );

/** The console with a VACUUM of the row that was marked at work, or done. */
async function vacuumMarked(): Promise<Pty> {
  const pty = await openConsole(db.target(), { cols: 120, rows: 36, env });
  pty.press('4');
  await pty.waitFor(/▶ orders/);
  pty.press('space');
  await pty.waitFor(/1 marked/);
  pty.press('v');
  await pty.waitFor(/Tables {2,}public\.orders,[\s\S]*\* public\.orders .*due: 10k dead rows, /);
  pty.press('tab', 'enter');
  await pty.waitFor(/Terminal lost {2}the run is cancelled[\s\S]*Enter asks whether to run it/);
  pty.press('enter');
  await pty.waitFor(/\[No\]/);
  pty.press('y');
  return pty;
}

test('from the marked row to what it changed, and the Tables screen shows it', async () => {
  const pty = await vacuumMarked();
  await pty.waitFor(/DONE {2,}[\s\S]*public\.orders .* 10k +│ 0 /, { timeout: 20_000 });
  expect(pty.text()).toContain('finished vacuuming');
  pty.press('enter');
  await pty.waitFor(/orders .* 0 +\d+\.\ds/);
  pty.press('q');
  expect((await pty.exit).code).toBe(0);
});

test('a terminal that is closed while it runs: it is cancelled, and the journal says so', async () => {
  await app.sql('INSERT INTO orders SELECT i, repeat($1, 100) FROM generate_series(20001, 40000) i', ['x']);
  await app.sql('DELETE FROM orders WHERE id > 20000 AND id % 2 = 0');
  await counted();
  await slowVacuum(app, db.database);
  const pty = await vacuumMarked();
  await pty.waitFor(/public\.orders scanning heap \(phase 2 of 7\) \d+%/);
  pty.hangUp();
  await pty.exit;
  const [run] = listRuns(journalDirectory(env, home));
  expect(run).toMatchObject({ operation: 'vacuum', status: 'cancelled' });
  await until(
    async () =>
      (
        await app.sql(
          "SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'pgdeck%' AND datname = current_database()",
        )
      ).length === 0,
    { what: 'no session of it left' },
  );
});
