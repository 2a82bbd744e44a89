import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openWizard } from '../../../../src/app/wizard/flow.ts';
import type { OperationEntry } from '../../../../src/ops/engine/operation.ts';
import { entryOf } from '../../../../src/ops/registry.ts';
import { script, WizardStage } from '../../../app/wizard/stage.ts';
import { directoryOf, ways } from '../../../ops/migrate/run/stage.ts';
import { inDatabase } from '../../../ops/restore/stage.ts';
import { client, serverTarget, type TestDatabase, testDatabase, until } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';

const home = temporaryDirectory();
let db: TestDatabase;
let stage: WizardStage;
let pressed = 0;

beforeAll(async () => {
  db = await testDatabase();
  await inDatabase(db.database, (session) =>
    session.sql(
      'CREATE TABLE a (id int); CREATE TABLE b AS SELECT 1 AS x, 2 AS y; CREATE TABLE c AS SELECT 1 AS z',
    ),
  );
  const env = { XDG_STATE_HOME: join(home, 'state'), BACKUP_DIR: join(home, 'backups') };
  stage = await new WizardStage(db.target(), script(), { env, size: { columns: 80, rows: 24 } }).start();
});
afterAll(async () => {
  await stage?.stop();
  const admin = await client(serverTarget());
  const copies = "SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1 || '_')";
  for (const { name } of await admin.sql(copies, [db.database]))
    await admin.sql(`DROP DATABASE "${name}" WITH (FORCE)`);
  await admin.close();
  await db?.drop();
});

/** Keys as somebody presses them; the letters of a name do not count. */
function press(...keys: string[]): void {
  pressed += keys.length;
  stage.keys(...keys);
}

/** Ends the wizard; answers how many keys it took to get there. */
async function done(): Promise<number> {
  const { run } = await stage.at('result');
  expect(run.end?.text).toContain('done.');
  const count = pressed;
  pressed = 0;
  return count;
}

test('a backup takes three keys', async () => {
  press('b');
  await stage.at('form');
  press('enter');
  await stage.at('plan');
  press('enter');
  expect(await done()).toBe(3);
  stage.keys('enter');
});

test('a VACUUM takes four, and Enter alone never runs it', async () => {
  press('v');
  await stage.at('form');
  press('enter');
  await stage.at('plan');
  press('enter');
  await stage.at('confirm');
  stage.keys('enter');
  await stage.at('plan');
  stage.keys('enter');
  press('y');
  expect(await done()).toBe(4);
  stage.keys('enter');
});

test('a restore of the newest good backup takes five and the name, its undo three and the name', async () => {
  press('r');
  await stage.at('form');
  await until(() => stage.wizard.form.index === 0, { what: 'the newest backup' });
  expect(stage.text).toMatch(/▶ {2}\S+ {2}.* ok/);
  press('enter', 'enter');
  await stage.at('plan');
  press('enter');
  expect(stage.text).toContain(`Next: type the database name, ${db.database}.`);
  expect(stage.text).toMatch(/becomes what it was at \d{4}-\d\d-\d\d \d\d:\d\d UTC, when it was/);
  stage.keys('enter');
  expect(stage.wizard.phase.step).toBe('confirm');
  stage.type(db.database);
  press('enter');
  expect(await done()).toBe(5);
  expect(stage.text).toMatch(
    /Data +\S+ is the restored database; the one\s+before is kept as\s+\S+__before_\S+\./,
  );
  press('u');
  await stage.at('plan');
  press('enter');
  stage.type(db.database);
  press('enter');
  expect(await done()).toBe(3);
  stage.keys('enter');
});

test('migrations with three hazards take eight and the name', async () => {
  const dir = directoryOf(home, 'migrations', {
    '1_a': ways('DROP TABLE a;\nALTER TABLE b DROP COLUMN x;\nUPDATE c SET z = 2;', 'SELECT 1;'),
  });
  // as the key m in that directory
  pressed = 1;
  openWizard(stage.deck, entryOf('migrate up') as OperationEntry, { preset: { dir } });
  await stage.at('form');
  press('enter');
  const { plan } = await stage.at('plan');
  const names = new Set(plan.checks.filter(({ status }) => status === 'block').map(({ title }) => title));
  expect(names.size).toBeGreaterThanOrEqual(3);
  press(...[...names].map(() => 'space'));
  press('enter');
  await until(() => stage.wizard.phase.step === 'plan' && !stage.text.includes('blocking'), {
    what: 'the plan',
  });
  press('enter');
  stage.type(db.database);
  press('enter');
  expect((await done()) - names.size).toBe(5);
  stage.keys('enter');
});
