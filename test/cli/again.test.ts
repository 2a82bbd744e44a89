import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { environmentOf } from '../ops/migrate/run/stage.ts';
import { serverTarget, type TestDatabase, testDatabase } from '../support/cluster.ts';
import { writeMigrations } from '../support/fixtures/migrations.ts';
import { pgdeckHere, temporaryDirectory } from '../support/program.ts';

const home = temporaryDirectory();
const dir = join(home, 'of the shop');
let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
  writeMigrations(dir, 'golang-migrate');
});
afterAll(() => database.drop());

test('the next step that is told has what was given: the server, the tool and the directory', async () => {
  const env = environmentOf(database, home);
  const given = ['--tool', 'golang-migrate', '--dir', dir];
  const words = `--tool golang-migrate --dir '${dir}'`;
  const unknown = await pgdeckHere(['migrate', 'down', '--to', '77', ...given], env);
  expect(unknown.code).toBe(2);
  expect(unknown.stderr).toContain(`See them with: pgdeck migrate status ${words}`);

  const { host, port, user } = serverTarget();
  const server = `-h ${host} -p ${port} -U ${user} -d ${database.database}`;
  const asked = ['-d', database.database, 'migrate', 'up', '--to', '77', '--json', ...given];
  const elsewhere = await pgdeckHere(asked, env);
  expect(elsewhere.stderr).toContain(`See them with: pgdeck ${server} migrate status ${words}`);
  expect(JSON.parse(elsewhere.stdout).text).toContain(`pgdeck ${server} migrate status ${words}`);

  // what was not given is not told
  const plain = await pgdeckHere(['migrate', 'down', '--to', '77', '--dir', dir], env);
  expect(plain.stderr).toContain(`See them with: pgdeck migrate status --dir '${dir}'`);

  const broken = join(home, 'broken');
  writeMigrations(broken, 'golang-migrate', [{ name: 'late', up: 'SELECT 1 / 0', down: 'SELECT 1' }]);
  const failed = await pgdeckHere(
    ['migrate', 'up', '--steps', '1', '--yes', '--tool', 'golang-migrate', '--dir', broken],
    env,
  );
  expect(failed.stderr).toMatch(/Fix the cause, then: pgdeck .* migrate up --tool golang-migrate --dir \//);
});
