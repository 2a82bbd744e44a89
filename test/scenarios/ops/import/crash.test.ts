import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { listRuns } from '../../../../src/ops/engine/journal/runs.ts';
import { recover } from '../../../../src/ops/recover/recover.ts';
import { carryOut } from '../../../ops/engine/run/stage.ts';
import { sqliteFile } from '../../../ops/import/stage.ts';
import { contextIn, inDatabase } from '../../../ops/restore/stage.ts';
import { takenBack } from '../../../ops/role/stage.ts';
import { type TestDatabase, testDatabase, until } from '../../../support/cluster.ts';
import { cleanEnvironment, MAIN, temporaryDirectory } from '../../../support/program.ts';

const home = temporaryDirectory();
let db: TestDatabase;
let file: string;
beforeAll(async () => {
  db = await testDatabase();
  withApplication();
  file =
    sqliteFile(`CREATE TABLE a (id INTEGER PRIMARY KEY, v TEXT); CREATE TABLE b (id INTEGER PRIMARY KEY, a INT REFERENCES a, n INT);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO a SELECT i, 'row ' || i FROM n;
    INSERT INTO b SELECT id, id, CASE WHEN id = 1 THEN 'bad' ELSE id END FROM a;`);
});
afterAll(() => db.drop());
afterEach(() => sql('DROP SCHEMA public CASCADE; CREATE SCHEMA public'));

const sql = (text: string) => inDatabase(db.database, (session) => session.sql(text));
const here = () => contextIn(db.target(), home, { XDG_STATE_HOME: join(home, '.local', 'state') });
const rejects = join(home, 'report.rejects.jsonl');
const log = join(home, 'app.log');
const settings = join(home, 'settings.json');

/** A profile whose application is stopped and started by commands that leave a word. */
function withApplication(): void {
  const { host, port, user } = db.target();
  const app = { stop: `echo stopped >> ${log}`, start: `echo started >> ${log}` };
  writeFileSync(
    settings,
    JSON.stringify({ profiles: { shop: { host, port, user, database: db.database, app } } }),
  );
}

async function killedAt(point: string, ...more: string[]): Promise<string> {
  const { host, port, user } = db.target();
  const words = [
    'import',
    'sqlite',
    file,
    '--reject',
    '--report',
    join(home, 'report'),
    '--confirm',
    db.database,
    ...more,
  ];
  const child = spawn(
    process.execPath,
    [MAIN, '-h', host, '-p', String(port), '-U', user, '-d', db.database, ...words],
    {
      env: {
        ...cleanEnvironment(home),
        PGDECK_CRASH_AT: point,
        PGDECK_CONFIG: settings,
        BACKUP_DIR: join(home, 'backups'),
        TMPDIR: home,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let said = '';
  child.stderr.on('data', (data) => {
    said += String(data);
  });
  const [, signal] = await once(child, 'close');
  expect(signal, said).toBe('SIGKILL');
  return listRuns(here().journal)[0]?.id ?? '';
}

/** What of it is there, once no session of the run is. */
async function there(run: string): Promise<unknown> {
  await until(
    async () => {
      const [row] = await sql(
        `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'pgdeck:${run}'`,
      );
      return row?.n === 0;
    },
    { what: 'the end of its sessions' },
  );
  const [row] = await sql(
    "SELECT to_regclass('public.a') IS NOT NULL AS a, to_regclass('public.b') IS NOT NULL AS b",
  );
  return row;
}

test.each([
  ...['import', 'import:copied', 'import:load', 'import:compare', 'import:1', 'import:2', 'import:keys'],
  ...['import:noted', 'import:committed', 'import:end', 'analyze', 'report'],
])('killed at %s: nothing of it is there, or all of it', async (point) => {
  const run = await killedAt(point);
  const committed = ['import:committed', 'import:end', 'analyze', 'report'].includes(point);
  expect(await there(run)).toEqual({ a: committed, b: committed });
  const context = here();
  const plan = await recover.plan({ run }, context);
  const { end } = await carryOut(plan, context);
  expect(end, end.text).toMatchObject({ ok: true });
  expect(plan.facts.at(-1)?.value).toMatch(committed ? /^all of it is there/ : /^all of it was rolled back/);
  expect(existsSync(rejects)).toBe(committed);
  if (committed) {
    expect(
      await sql('SELECT (SELECT count(*)::int FROM a) AS a, (SELECT count(*)::int FROM b) AS b'),
    ).toEqual([{ a: 20000, b: 19999 }]);
    const back = await takenBack(run, here());
    expect(back.end, back.end.text).toMatchObject({ ok: true });
    expect(await there(run)).toEqual({ a: false, b: false });
  }
  for (const name of readdirSync(home).filter((one) => one.startsWith('report.')))
    await here().here.files.remove(join(home, name));
});

test('killed while the application is stopped: recover starts it again', async () => {
  const run = await killedAt('import:copied', '--profile', 'shop', '--restart-app');
  expect(readFileSync(log, 'utf8')).toBe('stopped\n');
  expect(await there(run)).toEqual({ a: false, b: false });
  const context = here();
  const plan = await recover.plan({ run }, context);
  expect(plan.steps[0]?.id).toBe('app-start');
  const { end } = await carryOut(plan, context);
  expect(end, end.text).toMatchObject({ ok: true });
  expect(readFileSync(log, 'utf8')).toBe('stopped\nstarted\n');
});
