import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MAY_APART, serverApart } from '../../support/apart.ts';
import { client, type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { cleanEnvironment, MAIN, pgdeckHere, temporaryDirectory } from '../../support/program.ts';
import { until } from '../../support/until.ts';

let db: TestDatabase;
let pid: number;
let busy: Promise<unknown>;
const home = temporaryDirectory();

beforeAll(async () => {
  db = await testDatabase();
  const burner = await client(db.target(), 'burner');
  pid = burner.pid;
  busy = burner.sql('DO $$ BEGIN LOOP PERFORM 1; END LOOP; END $$').catch(() => {});
  await (await client(db.target(), 'idler')).sql('BEGIN');
});
afterAll(async () => {
  await (await client(db.target())).sql('SELECT pg_cancel_backend($1)', [pid]);
  await busy;
  await db.drop();
});

function environment({ host, port, user, database } = db.target(), of = home) {
  return cleanEnvironment(of, {
    ...{ PGHOST: host, PGPORT: String(port), PGUSER: user, PGDATABASE: database, PGSSLMODE: 'disable' },
  });
}

const run = (...args: string[]) => pgdeckHere(['show', 'activity', ...args], environment());

test('JSON has what the processes of sessions take, with the unit in the name', async () => {
  const { code, stdout, stderr } = await run('--json');
  expect([code, stderr]).toEqual([0, '']);
  const { rows, processes_unknown: unknown, io_unknown: io } = JSON.parse(stdout);
  expect(unknown).toBeNull();
  const own = rows.find((row: { pid: number }) => row.pid === pid);
  expect(own.cpu_percent).toBeGreaterThan(0);
  expect(own.own_bytes).toBeGreaterThan(100_000);
  // who runs the tests may not see it
  if (io === null)
    expect(own).toMatchObject({
      read_bytes_per_second: expect.any(Number),
      written_bytes_per_second: expect.any(Number),
    });
});

test('text has their columns, and rows are chosen and ordered by them', async () => {
  const whole = await run('--filter', `db:${db.database}`, '--sort', 'cpu');
  expect(whole.stdout).toMatch(/ CPU +MEM .*QUERY$/m);
  const lines = whole.stdout.split('\n').filter((line) => / (burner|idler) /.test(line));
  expect(lines.map((line) => / (burner|idler) /.exec(line)?.[1])).toEqual(['burner', 'idler']);
  expect(lines[0]).toMatch(/ \d+% +\d.* [kM]B /);
  const { stdout } = await run('--json', '--filter', `db:${db.database} cpu>3`);
  expect(JSON.parse(stdout).rows.map((row: { pid: number }) => row.pid)).toEqual([pid]);
});

test('with --watch the rates come with the second reading', async () => {
  const child = spawn(
    process.execPath,
    [MAIN, 'show', 'activity', '--watch', '1', '--ndjson', '--filter', 'app:burner'],
    { env: environment(), stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const rows: { readonly cpu_percent: number | null }[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => rows.push(JSON.parse(line)));
  try {
    await until(() => rows.length > 1, { what: 'two readings', timeout: 20_000 });
  } finally {
    child.kill();
    await once(child, 'close');
  }
  expect(rows[0]?.cpu_percent).toBeNull();
  expect(rows[1]?.cpu_percent).toBeGreaterThan(0);
});

test('after a lost connection the first reading has the rates that rows are chosen by, too', async () => {
  const child = spawn(
    process.execPath,
    [MAIN, 'show', 'activity', '--watch', '1', '--json', '--filter', 'app:burner cpu>1'],
    { env: environment(), stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const found: number[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => found.push(JSON.parse(line).rows.length));
  try {
    await until(() => found.length > 0, { what: 'a reading', timeout: 20_000 });
    await (await client(db.target())).sql(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'pgdeck-monitor'`,
    );
    const before = found.length;
    // one may have been on its way
    await until(() => found.length > before + 2, { what: 'three more', timeout: 20_000 });
  } finally {
    child.kill();
    await once(child, 'close');
  }
  expect(found.filter((rows) => rows !== 1)).toEqual([]);
});

const NOBODY = { uid: 65_534, gid: 65_534 };
/** A user who gets to the program. */
const IS_NOBODY = spawnSync(process.execPath, [MAIN, '--version'], NOBODY).status === 0;

test.skipIf(!IS_NOBODY)('of what only its own user may see it is said that it is not known', () => {
  const nobody = (...args: string[]) =>
    spawnSync(process.execPath, [MAIN, 'show', 'activity', '--filter', 'app:burner', ...args], {
      env: environment(db.target(), '/nonexistent'),
      encoding: 'utf8',
      ...NOBODY,
    });
  const { stdout, stderr } = nobody('--json');
  expect(stderr).toBe('');
  const answer = JSON.parse(stdout);
  expect(answer.processes_unknown).toBeNull();
  expect(answer.io_unknown).toMatch(
    /^Reads and writes of a process are shown to its own user and to root only/,
  );
  expect(answer.rows).toMatchObject([
    {
      pid,
      cpu_percent: expect.any(Number),
      own_bytes: expect.any(Number),
      read_bytes_per_second: null,
      written_bytes_per_second: null,
    },
  ]);
  // nobody asked for it: no columns of nothing
  expect(nobody().stdout).toMatch(/ CPU +MEM +QUERY/);
  const asked = nobody('--sort', 'reads');
  expect(asked.stdout).toMatch(/ CPU +MEM +READ\/s +QUERY\n.* [kM]B +- +DO /);
  expect(asked.stderr).toBe(`pgdeck: ${answer.io_unknown}\n`);
  expect(nobody('--sort', 'cpu').stderr).toBe('');
});

describe.skipIf(!MAY_APART)('a server whose processes are numbered anew', () => {
  let apart: Awaited<ReturnType<typeof serverApart>>;
  beforeAll(async () => {
    apart = await serverApart();
  });
  afterAll(() => apart?.remove());
  const show = (...args: string[]) =>
    pgdeckHere(['show', 'activity', ...args], environment(apart.cluster.target()));

  test('has no figures, and says why to who asks', async () => {
    const { stdout, stderr } = await show('--json');
    expect(stderr).toBe('');
    const { processes_unknown: reason } = JSON.parse(stdout);
    expect(reason).toMatch(/^The server’s processes are not seen on this machine/);
    expect((await show()).stderr).not.toContain('processes');
    expect((await show('--sort', 'cpu')).stderr).toContain(`pgdeck: ${reason}`);
  });
});
