import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import type { OpContext } from '../../../../src/ops/engine/operation.ts';
import type { Plan } from '../../../../src/ops/engine/plan.ts';
import { serverTarget } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { carryOut, contextOf } from '../../engine/run/stage.ts';
import { blocks, contextIn, inDatabase } from '../../restore/stage.ts';
import { planned } from '../../role/stage.ts';
import { gone, INIT_SCRIPT, migration, projectIn } from '../stage.ts';

const NAME = 'setup_shop_quick';
const SECRETS = { APP_PASSWORD: 'app-Secret-7', ADMIN_PASSWORD: 'Adm1n-Secret-9' };
let home: string;
let file: string;

beforeEach(() => {
  home = temporaryDirectory();
});
afterEach(() => gone(NAME, 'setup_quick_app'));

const here = (env: Record<string, string> = SECRETS): OpContext => contextIn(serverTarget(), home, env);
const project = (more: Record<string, unknown> = {}, files: Record<string, string> = {}): string => {
  file = projectIn(home, {
    'pgdeck.setup.json': {
      database: { name: NAME, owner: 'setup_group' },
      roles: [
        { name: 'setup_group', no_login: true },
        { name: 'setup_app', password: { env: 'APP_PASSWORD' }, as: 'read-only' },
      ],
      sql: ['a.sql'],
      migrations: { dir: 'migrations' },
      init: { command: [process.execPath, 'init.mjs'], env: { ADMIN_PASSWORD: { env: 'ADMIN_PASSWORD' } } },
      ...more,
    },
    'a.sql': 'CREATE TABLE a (id int); INSERT INTO a VALUES (1);',
    'migrations/0001_b.sql': migration('CREATE TABLE b (id int PRIMARY KEY)'),
    'init.mjs': INIT_SCRIPT,
    ...files,
  });
  return file;
};
const rows = (sql: string) => inDatabase(NAME, (session) => session.sql(sql));

/** Servers of other versions come from npm, without pg_dump. */
const blocking = (plan: Plan) => blocks(plan).filter((text) => !text.startsWith('Client programs'));

test('variables that are not set block it, and a server that is not there is told', async () => {
  project();
  expect(blocking(await planned('db setup', { file }, here({})))).toEqual([
    expect.stringContaining('APP_PASSWORD is not set'),
    expect.stringContaining('ADMIN_PASSWORD is not set'),
  ]);
  const away = contextIn({ ...serverTarget(), host: '127.0.0.1', port: 1 }, home, SECRETS);
  expect(blocking(await planned('db setup', { file }, away)).join()).toMatch(
    /Nothing accepts connections.*"start"/,
  );
  project({ server: { start: [process.execPath, '-e', '0'], wait_seconds: 1 } });
  const plan = await planned('db setup', { file }, away);
  expect(blocking(plan)).toEqual([]);
  const { end } = await carryOut(plan, away);
  expect(end.text).toMatch(/has not answered 1 s after its command: Nothing accepts/);
});

test('tables of others are not taken for its own, and what is no name of it is told', async () => {
  await inDatabase('postgres', (session) => session.sql(`CREATE DATABASE ${NAME}`));
  await rows('CREATE TABLE others AS SELECT 1 AS n');
  project({ roles: [], database: { name: NAME }, migrations: undefined, init: undefined });
  expect(blocking(await planned('db setup', { file }, here()))).toEqual([
    expect.stringMatching(/^a\.sql: setup_shop_quick has tables already.*leave it out, or run it again/),
  ]);
  expect(blocking(await planned('db setup', { file, skip: ['a.sql'] }, here()))).toEqual([]);
  expect(blocking(await planned('db setup', { file, again: ['b.sql'] }, here())).join()).toContain(
    'b.sql is none of them',
  );
});

test('the plan tells what is there, and what is done as things are', async () => {
  project();
  const titles = async () => (await planned('db setup', { file }, here())).steps.map(({ title }) => title);
  expect((await titles()).slice(0, 5)).toEqual([
    'See that the server answers',
    'Make the role setup_group',
    'Make the role setup_app',
    `Make the database ${NAME}`,
    'Run a.sql',
  ]);
  project({ roles: [{ name: 'setup_quick_app', no_login: true }], database: { name: NAME } });
  await inDatabase('postgres', (session) => session.sql('CREATE ROLE setup_quick_app'));
  await inDatabase('postgres', (session) => session.sql(`CREATE DATABASE ${NAME}`));
  const { steps } = await planned('db setup', { file, skip: ['a.sql', 'init'] }, here());
  expect(steps.slice(1, 4).map(({ title, preview }) => [title, preview])).toEqual([
    ['Keep the role setup_quick_app as it is', '# it is there'],
    [`Keep the database ${NAME} as it is`, '# it is there'],
    ['Pass over a.sql', '# it is left out, as asked for.'],
  ]);
  expect(steps.find(({ id }) => id === 'init')?.title).toBe("Pass over the project's own command");
});

test('programs that its backup would lack are told before anything is made', async () => {
  project();
  const context = contextOf(serverTarget(), home, { env: SECRETS, more: { backup: { programs: home } } });
  onTestFinished(() => context.close());
  expect(blocks(await planned('db setup', { file }, context))).toEqual([
    expect.stringMatching(/^Client programs: /),
  ]);
});
