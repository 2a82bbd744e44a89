import { afterAll, beforeAll, expect, test } from 'vitest';
import { openedWizard } from '../../../src/app/core/state.ts';
import { paletteMatches } from '../../../src/app/palette/palette.ts';
import { rawOf } from '../../../src/app/wizard/form.ts';
import { OPERATIONS } from '../../../src/ops/registry.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { until } from '../../support/until.ts';
import { Stage } from '../stage.ts';

let db: TestDatabase;
let stage: Stage;

beforeAll(async () => {
  db = await testDatabase();
  stage = await new Stage(db.target()).start();
});
afterAll(async () => {
  await stage?.stop();
  await db?.drop();
});

/** What the wizard that a typed command opens is given. */
async function given(command: string) {
  stage.keys(':');
  stage.type(command);
  stage.keys('enter');
  const { entry, operation, form } = await until(
    () => {
      const wizard = openedWizard(stage.deck.state);
      return wizard?.operation !== undefined && wizard.form.focus === undefined && wizard;
    },
    { what: `the wizard of ${command}` },
  );
  return { id: entry.id, raw: operation && rawOf(operation, form) };
}

test('what is typed after : takes arguments and options as the command line does', async () => {
  expect(await given('migrate repair users_email --dir=/nowhere')).toEqual({
    id: 'migrate repair',
    raw: { entry: 'users_email', dir: '/nowhere' },
  });
  stage.keys('esc', 'esc');
  expect(await given("backups pin 'a b'")).toEqual({ id: 'backups pin', raw: { id: 'a b' } });
  stage.keys('esc', 'esc');
  expect(await given('vacuum --table orders --bogus')).toEqual({ id: 'vacuum', raw: { table: ['orders'] } });
  expect(stage.deck.state.toast?.text).toBe('vacuum takes no --bogus.');
  stage.keys('esc', 'esc');
});

test('every operation that takes an argument takes it there; a title goes before', async () => {
  for (const entry of OPERATIONS) {
    const operation = await entry.load();
    const takes = Object.values(operation.fields).some(({ argument }) => argument === true);
    if (takes) expect(paletteMatches(stage.deck, `${entry.id} 4711`)[0]?.title).toBe(`${entry.title}: 4711`);
  }
  expect(paletteMatches(stage.deck, 'restore a b')[0]?.title).toBe('Restore a backup');
  stage.keys(':');
  stage.type('terminate 2147483647');
  stage.keys('enter');
  expect(stage.deck.state.overlay).toMatchObject({ kind: 'signal', action: 'terminate' });
  stage.keys('esc');
});

test('a server that is called as an action is, stands behind it; before what is only like it', async () => {
  const other = await new Stage(db.target()).start();
  Object.assign(other.deck.ports, { servers: { names: ['health', 'backup', 'locksmith'] } });
  const titles = (text: string) =>
    paletteMatches(other.deck, text)
      .slice(0, 2)
      .map(({ title }) => title);
  expect(titles('health')).toEqual(['Health', 'Switch to health']);
  expect(titles('Backup')).toEqual(['Back up databases', 'Switch to backup']);
  expect(titles('heal')).toEqual(['Switch to health', 'Health']);
  expect(titles('locks')).toEqual(['Locks', 'Switch to locksmith']);
  await other.stop();
});

test('what an operation is called opens it, whatever else has these words', () => {
  for (const { id, title, ownKeys } of OPERATIONS)
    if (ownKeys !== true) expect(paletteMatches(stage.deck, id)[0]?.title).toBe(title);
});
