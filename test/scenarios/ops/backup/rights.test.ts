import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { quoteIdent } from '../../../../src/db/ident.ts';
import {
  complaints,
  contextFor,
  inRestored,
  onlyBackup,
  planBackup,
  withAdmin,
} from '../../../ops/backup/stage.ts';
import { carryOut } from '../../../ops/engine/run/stage.ts';
import { client, type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { everything, rowCounts } from '../../../support/fixtures/everything.ts';
import { temporaryDirectory } from '../../../support/program.ts';

const home = temporaryDirectory();
let db: TestDatabase;
let role: string;

const admin = (sql: string) => withAdmin((session) => session.sql(sql), db.database);

beforeAll(async () => {
  db = await testDatabase();
  await everything(await client(db.target()));
  role = await db.roleWith();
});
afterAll(() => db.drop());

async function plan(more: Record<string, unknown> = {}) {
  const context = contextFor(db.target(role), home);
  return { context, plan: await planBackup(context, { dir: join(home, 'r'), ...more }) };
}

test('what a role lacks is told before anything is done, grant by grant', async () => {
  expect(complaints((await plan()).plan)).toEqual([
    expect.stringMatching(/^block Rights: .* may not read .* and \d+ more\. .*GRANT pg_read_all_data TO/),
    expect.stringMatching(/^block Rights: Row security hides rows of app\.customers .*BYPASSRLS/),
    expect.stringMatching(/^block Rights: .* may not read 12 of 12 large objects/),
  ]);
  await admin(`GRANT pg_read_all_data TO ${quoteIdent(role)}`);
  expect(complaints((await plan()).plan)).toEqual([
    expect.stringContaining('Row security hides rows'),
    expect.stringContaining('large objects'),
  ]);
  await admin(`ALTER ROLE ${quoteIdent(role)} BYPASSRLS`);
  expect(complaints((await plan()).plan)).toEqual([expect.stringContaining('large objects')]);
  // of no concern where they are not wanted
  expect(complaints((await plan({ table: ['app.customers'] })).plan)).toEqual([]);
  expect(complaints((await plan({ schema_only: true })).plan)).toEqual([]);
});

test('a role that may read everything and is no superuser backs everything up', async () => {
  await admin(
    `DO $$ DECLARE lo oid; BEGIN FOR lo IN SELECT oid FROM pg_largeobject_metadata LOOP
       EXECUTE format('GRANT SELECT ON LARGE OBJECT %s TO %I', lo, '${role}'); END LOOP; END $$`,
  );
  const { context, plan: ready } = await plan();
  expect(complaints(ready)).toEqual([]);
  const { end } = await carryOut(ready, context);
  expect(end.text).toBe(`Back up ${db.database}: done.`);
  const before = await rowCounts(await client(db.target()));
  expect(await inRestored(await onlyBackup(join(home, 'r')), rowCounts)).toEqual(before);
});

test('roles without their passwords, where those may not be read', async () => {
  const bare = await testDatabase();
  onTestFinished(() => bare.drop());
  const user = await bare.roleWith();
  const context = contextFor(bare.target(user), home);
  const repository = join(home, 'globals');
  const ready = await planBackup(context, { dir: repository });
  expect(complaints(ready)).toEqual([]);
  expect(ready.steps[1]?.preview).toContain('--no-role-passwords');
  const { end } = await carryOut(ready, context);
  expect(end.text).toBe(`Back up ${bare.database}: done.`);
  const globals = readFileSync(join((await onlyBackup(repository)).path, 'globals.sql'), 'utf8');
  expect(globals).toContain(`CREATE ROLE ${user}`);
  expect(globals).not.toContain("PASSWORD '");
});
