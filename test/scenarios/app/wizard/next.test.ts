import { afterAll, beforeAll, expect, test } from 'vitest';
import { openWizard } from '../../../../src/app/wizard/flow.ts';
import type { OperationEntry } from '../../../../src/ops/engine/operation.ts';
import { entryOf } from '../../../../src/ops/registry.ts';
import { script, WizardStage } from '../../../app/wizard/stage.ts';
import { client, type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { cleanEnvironment, pgdeckHere, temporaryDirectory } from '../../../support/program.ts';

const home = temporaryDirectory();
let db: TestDatabase;
let stage: WizardStage;

beforeAll(async () => {
  db = await testDatabase();
  const session = await client(db.target());
  await session.sql('CREATE EXTENSION amcheck');
  await session.sql('CREATE TABLE short (id int)');
  await session.sql('CREATE INDEX short_id ON short (id)');
  // rows that come while the index takes no writes are not in it
  await session.sql("UPDATE pg_index SET indisready = false WHERE indexrelid = 'short_id'::regclass");
  await session.sql('INSERT INTO short SELECT generate_series(1, 10)');
  await session.sql("UPDATE pg_index SET indisready = true WHERE indexrelid = 'short_id'::regclass");
  stage = new WizardStage(db.target(), script(), { env: { XDG_STATE_HOME: home } });
});
afterAll(async () => {
  await stage?.stop();
  await db?.drop();
});

test('a check that has found a damaged index opens its rebuilding, which mends it', async () => {
  const check = entryOf('check') as OperationEntry;
  openWizard(stage.deck, check, { preset: { index: ['short_id'], heapallindexed: true } });
  await stage.at('form');
  stage.keys('enter');
  await stage.at('plan');
  stage.keys('enter');
  await stage.at('result');
  expect(stage.text).toMatch(
    /FAILED[\s\S]*is damaged[\s\S]*Next +n opens what helps \(:reindex --index public\.short_id\)/,
  );
  stage.keys('n');
  await stage.at('plan');
  expect(stage.text).toContain('Reindex public.short_id');
  stage.keys('enter', 'y');
  const { run } = await stage.at('result');
  expect(run.end, run.end?.text).toMatchObject({ status: 'done' });
  // nothing follows from that
  stage.keys('n', 'enter');
  openWizard(stage.deck, check, { preset: { index: ['short_id'], heapallindexed: true } });
  await stage.at('form');
  stage.keys('enter');
  await stage.at('plan');
  stage.keys('enter');
  const again = await stage.at('result');
  expect(again.run.end, again.run.end?.text).toMatchObject({ status: 'done' });
});

test('on the command line: 0 whole, 1 damaged, 2 refused, 3 no server; and JSON', async () => {
  const { host, port, user, database } = db.target();
  const env = cleanEnvironment(home, {
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGDATABASE: database,
  });
  const whole = await pgdeckHere(['check', '--table', 'short'], env);
  expect(whole, whole.stderr).toMatchObject({ code: 0 });
  expect(whole.stdout).toMatch(
    /^What was checked:\nrelation +kind +size +result +found\npublic\.short +table/,
  );
  expect((await pgdeckHere(['check', '--index', 'nowhere'], env)).code).toBe(2);
  expect((await pgdeckHere(['check', '--max-size', 'much'], env)).code).toBe(2);
  expect((await pgdeckHere(['check', '--install', '--read-only'], { ...env, PGPORT: '1' })).code).toBe(3);
  const session = await client(db.target());
  await session.sql("UPDATE pg_index SET indisready = false WHERE indexrelid = 'short_id'::regclass");
  await session.sql('INSERT INTO short VALUES (11)');
  await session.sql("UPDATE pg_index SET indisready = true WHERE indexrelid = 'short_id'::regclass");
  await session.close();
  const { code, stdout } = await pgdeckHere(
    [
      '-h',
      host,
      '-p',
      String(port),
      '-U',
      user,
      '-d',
      database,
      'check',
      '--index',
      'short_id',
      '--heapallindexed',
      '--json',
    ],
    cleanEnvironment(home),
  );
  expect(code).toBe(1);
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events.filter(({ type }) => type === 'finish')[0]?.outcome).toMatchObject({
    kind: 'damaged',
    facts: { relations: [{ schema: 'public', name: 'short_id', kind: 'index', result: 'damaged' }] },
  });
  expect(events.at(-1)).toMatchObject({
    type: 'end',
    ok: false,
    status: 'failed',
    next: `pgdeck -h ${host} -p ${port} -U ${user} -d ${database} reindex --index public.short_id`,
  });
});
