import { spawn } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../../src/db/session.ts';
import { journalDirectory, listRuns } from '../../../../src/ops/engine/journal/runs.ts';
import { carryOut } from '../../../ops/engine/run/stage.ts';
import {
  bloated,
  compared,
  contextFor,
  planVacuum,
  slowVacuum,
  tableSteps,
} from '../../../ops/maintain/stage.ts';
import { client, type TestDatabase, testDatabase, until } from '../../../support/cluster.ts';
import { cleanEnvironment, MAIN, pgdeck, temporaryDirectory } from '../../../support/program.ts';

let db: TestDatabase;
let app: Session;
const home = temporaryDirectory();
const env = cleanEnvironment(home);

beforeAll(async () => {
  db = await testDatabase();
  app = await client(db.target(), 'app');
  await bloated(app, 'slow');
  await app.sql(
    'ALTER TABLE slow SET (autovacuum_vacuum_threshold = 1000000, autovacuum_vacuum_insert_threshold = -1)',
  );
  await slowVacuum(app, db.database);
});
afterAll(() => db.drop());

const connection = () => {
  const { host, port, user, database } = db.target();
  return ['-h', host, '-p', String(port), '-U', user, '-d', database];
};

/** Pids of the backends that vacuum. */
const vacuuming = async () =>
  (
    await app.sql(
      "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'VACUUM%' AND state = 'active' AND pid <> pg_backend_pid()",
    )
  ).map(({ pid }) => Number(pid));

/** pgdeck in the middle of a VACUUM. */
async function begun() {
  const child = spawn(process.execPath, [MAIN, 'vacuum', ...connection(), '--table', 'slow', '--yes'], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = new Promise<number | null>((resolve) => child.on('close', resolve));
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await until(async () => (await vacuuming()).length === 1, { what: 'a VACUUM at work', timeout: 20_000 });
  return { child, exited, said: () => said };
}

test('losing the terminal cancels the run, as the plan has said, and the journal has it', async () => {
  const { child, exited } = await begun();
  child.kill('SIGHUP');
  expect(await exited).toBe(1);
  expect(await vacuuming()).toEqual([]);
  expect(listRuns(journalDirectory({}, home))[0]).toMatchObject({ operation: 'vacuum', status: 'cancelled' });
  const plan = await planVacuum(contextFor(db.target(), home), { table: ['slow'] });
  expect(plan.facts.find(({ label }) => label === 'Terminal lost')?.value).toContain('the run is cancelled');
});

test('a pgdeck that is killed: from 14 on the server ends the statement, before that recover does', async () => {
  const { child, exited } = await begun();
  const context = contextFor(db.target(), home);
  const { server } = await context.session();
  const fact = (await planVacuum(context, { table: ['slow'] })).facts.find(
    ({ label }) => label === 'Terminal lost',
  );
  child.kill('SIGKILL');
  await exited;
  if (server.major >= 14) {
    expect(fact?.value).toContain('the server ends the statement within 2 s');
    await until(async () => (await vacuuming()).length === 0, {
      what: 'the end of the VACUUM',
      timeout: 8_000,
    });
  } else {
    expect(fact?.value).toContain('pgdeck recover ends it');
    expect(await vacuuming()).toHaveLength(1);
  }
  const [run] = listRuns(journalDirectory({}, home));
  expect(run).toMatchObject({ status: 'interrupted' });
  // of this run only: what others have left on the server is not ours
  const recovered = await pgdeck(['recover', run?.id ?? '', ...connection(), '--yes'], env);
  expect(recovered).toMatchObject({ code: 0 });
  expect(await vacuuming()).toEqual([]);
});

test('cancelled in the middle: the server is free at once, and the tables before it stay done', async () => {
  await app.sql('CREATE TABLE quick (id int)');
  const context = contextFor(db.target(), home);
  await app.sql(
    'CREATE TABLE urgent (id int) WITH (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0, autovacuum_enabled = off)',
  );
  await app.sql('INSERT INTO urgent SELECT generate_series(1, 20)');
  await app.sql('DELETE FROM urgent');
  await until(
    async () =>
      Number((await app.sql("SELECT pg_stat_get_dead_tuples('urgent'::regclass) AS n"))[0]?.n) === 20,
    { what: 'counted dead rows' },
  );
  const plan = await planVacuum(context, { table: ['quick', 'slow', 'urgent'] });
  expect(tableSteps(plan)).toEqual(['vacuum:public.urgent', 'vacuum:public.slow', 'vacuum:public.quick']);
  const abort = new AbortController();
  const phases = new Set<string>();
  const running = carryOut(plan, context, {
    signal: abort.signal,
    onEvent: (event) => {
      if (event.type === 'progress' && event.label === 'public.slow') phases.add(event.phase ?? '');
    },
  });
  await until(() => phases.has('scanning heap (phase 2 of 7)'), { what: 'progress' });
  abort.abort();
  const { end, events } = await running;
  expect(end).toMatchObject({ status: 'cancelled' });
  expect(await vacuuming()).toEqual([]);
  const rows = compared(events);
  expect(rows['public.urgent']?.outcome).toBe('done');
  expect(rows['public.slow']?.outcome).toBe('cancelled');
  expect(rows['public.quick']).toBeUndefined();
});
