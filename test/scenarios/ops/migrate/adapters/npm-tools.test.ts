import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  columnsOf,
  LATEST,
  type Stage,
  stages,
  steps,
  to,
  withNodeModules,
} from '../../../../ops/migrate/adapters/stage.ts';

const stage = stages('npm');
const IMPLIED = { kind: 'steps', n: 1, implied: true } as const;

const packageOf = (tool: string, scripts: Record<string, string>, migrate?: Record<string, string>) =>
  JSON.stringify({ scripts, dependencies: { [tool]: '*' }, ...(migrate && { pgdeck: { migrate } }) });

const add = (name: string) =>
  `exports.up = (knex) => knex.raw('CREATE TABLE ${name} (id int)');\nexports.down = (knex) => knex.raw('DROP TABLE ${name}');\n`;

const KNEX = {
  'knexfile.cjs':
    "module.exports = { client: 'pg', connection: process.env.DATABASE_URL, migrations: { loadExtensions: ['.cjs'] } };\n",
  'migrations/20260101000000_a.cjs': add('a'),
  'migrations/20260102000000_b.cjs': add('b'),
};
const KNEX_CALL = 'dotenv -- cross-env NODE_ENV=test npx knex --knexfile knexfile.cjs';

/** Wrappers that only find the program: what is called behind them is the real one. */
const WRAPPERS = Object.fromEntries(
  ['dotenv', 'cross-env', 'npx'].map((name) => [
    `bin/${name}`,
    '#!/bin/sh\nwhile :; do case "$1" in --) shift ;; *=*) shift ;; *) break ;; esac; done\nexec "$@"\n',
  ]),
);
const PATHED = (text: string) => `PATH="$PWD/bin:$PATH" ${text}`;

async function knex(scripts: Record<string, string>, migrate?: Record<string, string>): Promise<Stage> {
  const project = await stage({
    ...KNEX,
    ...WRAPPERS,
    'package.json': packageOf(
      'knex',
      { 'db:migrate': PATHED(`${KNEX_CALL} migrate:latest`), ...scripts },
      migrate,
    ),
  });
  withNodeModules(project);
  const first = await project.go('up', LATEST);
  expect(first.end.text).toBe('Work: done.');
  project.write({ 'migrations/20260103000000_c.cjs': add('c'), 'migrations/20260104000000_d.cjs': add('d') });
  expect((await project.go('up', LATEST)).end.ok).toBe(true);
  return project;
}

describe('knex', () => {
  test('rolls back a whole batch: that is planned, and no other number', async () => {
    const project = await knex({ 'db:migrate:rollback': PATHED(`${KNEX_CALL} migrate:rollback`) });
    const [a, b, c, d] = [
      '20260101000000_a.cjs',
      '20260102000000_b.cjs',
      '20260103000000_c.cjs',
      '20260104000000_d.cjs',
    ];
    await expect(project.go('down', steps(1))).rejects.toMatchObject({
      message: `knex --knexfile knexfile.cjs migrate:rollback rolls back 2 migrations at once (${d}, ${c}), and ${c} is to stay. Nothing was done.`,
      next: expect.stringContaining('--steps 2'),
    });
    await expect(project.go('down', steps(3))).rejects.toThrow(`(${b}, ${a}), and ${a} is to stay`);
    await expect(project.go('down', to(c))).rejects.toThrow(`(${d}, ${c}), and ${c} is to stay`);
    const where = await project.where();
    const all = await project.adapter.route(where, 'down', { kind: 'base' });
    expect(all.steps.map(({ title }) => title)).toEqual([`Roll back ${d}, ${c}`, `Roll back ${b}, ${a}`]);
    // what nobody has counted is the tool's own step
    const down = await project.go('down', IMPLIED);
    expect(down.route.versions).toEqual([d, c]);
    expect(down.route.checks).toEqual([
      expect.objectContaining({
        status: 'warn',
        detail: expect.stringContaining('rolls back 2 migrations at once'),
      }),
    ]);
    expect(down.end.text).toBe('Work: done.');
    expect(down.lines).toContain(`By the history: ${c}, ${d} were rolled back.`);
    expect(await columnsOf(project.session, 'b')).toEqual(['id']);
    expect(await columnsOf(project.session, 'c')).toEqual([]);
    expect((await project.go('down', to(b))).route.versions).toEqual([]);
  });

  test('everything at once is refused, wherever it stands; one by one is planned where a script does that', async () => {
    const project = await knex({
      back: 'npm run all',
      all: `npx knex migrate:rollback --all`,
      'db:migrate:rollback': 'npm run back',
    });
    await expect(project.go('down', IMPLIED)).rejects.toThrow(
      'The script db:migrate:rollback rolls back every migration (knex migrate:rollback --all), and is not run.',
    );
    project.write({
      'package.json': packageOf('knex', {
        'db:migrate': 'knex migrate:latest --knexfile knexfile.cjs',
        'db:migrate:rollback': 'knex migrate:rollback --all',
        'db:migrate:undo': 'node_modules/.bin/knex --knexfile knexfile.cjs migrate:down',
      }),
    });
    const down = await project.go('down', steps(1));
    expect(down.end.text).toBe('Work: done.');
    expect(down.route.versions).toEqual(['20260104000000_d.cjs']);
    project.write({
      'package.json': packageOf('knex', {
        'predb:migrate': 'knex migrate:rollback --all',
        'db:migrate': 'knex migrate:latest --knexfile knexfile.cjs',
      }),
    });
    await expect(project.go('up', LATEST)).rejects.toThrow(
      'The script db:migrate rolls back every migration',
    );
  });

  test('a script that does not say what it runs is told of, and so is what it took back beyond the plan', async () => {
    const project = await knex({ 'db:migrate:rollback': 'node back.cjs' });
    project.write({
      'back.cjs':
        "require('node:child_process').execSync('knex --knexfile knexfile.cjs migrate:rollback', { stdio: 'inherit' });\n",
    });
    const { route, end } = await project.go('down', IMPLIED);
    expect(route.versions).toEqual(['20260104000000_d.cjs']);
    expect(route.checks?.[0]?.detail).toMatch(
      /^Which tool the script db:migrate:rollback runs is not known .* one of knex, whose rollback rolls back 2 of them\.$/,
    );
    expect(end.text).toMatch(
      /not with what was planned: 20260103000000_c\.cjs, 20260104000000_d\.cjs were rolled back; planned was that 20260104000000_d\.cjs was rolled back\./,
    );
  });
});

const SEQUELIZE = {
  'config/config.cjs':
    "const own = { url: process.env.DATABASE_URL, dialect: 'postgres' };\nmodule.exports = { development: own, test: own };\n",
  '.sequelizerc': "module.exports = { config: 'config/config.cjs' };\n",
  ...Object.fromEntries(
    ['a', 'b', 'c'].map((name, at) => [
      `migrations/2026010${at + 1}000000-${name}.cjs`,
      `exports.up = (q, S) => q.createTable('${name}', { id: S.INTEGER });\nexports.down = (q) => q.dropTable('${name}');\n`,
    ]),
  ),
};

test('Sequelize: --to is rolled back, too, and undo:all without it is refused', async () => {
  const scripts = {
    'db:migrate': 'sequelize-cli db:migrate',
    'db:migrate:status': 'sequelize-cli db:migrate:status',
    'db:migrate:undo:all': 'sequelize-cli db:migrate:undo:all',
  };
  const project = await stage({ ...SEQUELIZE, 'package.json': packageOf('sequelize', scripts) });
  withNodeModules(project);
  const [a, b, c] = ['20260101000000-a.cjs', '20260102000000-b.cjs', '20260103000000-c.cjs'];
  // its status makes its table, which looking must not
  const { problems } = await project.adapter.status(await project.where());
  expect(problems[0]?.message).toMatch(/db:migrate:status writes to the database, which looking must not/);
  const up = await project.go('up', LATEST);
  expect(up.end.text).toBe('Work: done.');
  expect(up.lines).toContain(`By the history: ${a}, ${b}, ${c} were applied.`);
  const configure = (migrate: Record<string, string>) =>
    project.write({
      'package.json': packageOf('sequelize', scripts, { up: 'db:migrate', ...migrate }),
    });
  // by now its status may be looked at; what waits has the name that the history will have
  project.write({
    'migrations/20260104000000-d.cjs':
      "exports.up = (q, S) => q.createTable('d', { id: S.INTEGER });\nexports.down = (q) => q.dropTable('d');\n",
  });
  const more = await project.go('up', LATEST);
  expect(more.end.text).toBe('Work: done.');
  expect(more.route.versions).toEqual(['20260104000000-d.cjs']);
  await project.session.sql(`DELETE FROM "SequelizeMeta" WHERE name LIKE '%-d.cjs'`);
  // named otherwise by a script of one's own
  const naming =
    'echo up 20260101000000-a && echo up 20260102000000-b && echo up 20260103000000-c && echo down 20260104000000-d';
  project.write({ 'package.json': packageOf('sequelize', { ...scripts, 'db:migrate:status': naming }) });
  await project.session.sql('DROP TABLE d');
  const named = await project.go('up', LATEST);
  expect(named.end.text).toBe('Work: done.');
  await project.session.sql(`DROP TABLE d; DELETE FROM "SequelizeMeta" WHERE name LIKE '%-d.cjs'`);
  rmSync(join(project.root, 'migrations/20260104000000-d.cjs'));
  project.write({ 'package.json': packageOf('sequelize', scripts) });
  configure({ down: 'db:migrate:undo:all' });
  await expect(project.go('down', steps(1))).rejects.toThrow(
    'The script db:migrate:undo:all rolls back every migration (sequelize-cli db:migrate:undo:all), and is not run.',
  );
  configure({ downTo: 'db:migrate:undo:all -- --to {version}' });
  await expect(project.go('down', to(a))).rejects.toMatchObject({
    message: `sequelize-cli db:migrate:undo:all --to ${a} rolls ${a} back, too, and nothing was done: it is to stay.`,
    next: expect.stringContaining('Write {first}'),
  });
  configure({ downTo: 'db:migrate:undo:all -- --to {first}' });
  const down = await project.go('down', to(a));
  expect(down.end.text).toBe('Work: done.');
  expect(down.route.versions).toEqual([c, b]);
  expect(down.route.steps[0]?.preview).toBe(`npm --silent run db:migrate:undo:all -- --to ${b}`);
  expect(await project.states()).toEqual([`${a} applied`]);
  // a pending one is no place to go down to
  await expect(project.go('down', to(b))).rejects.toThrow(`There is no migration ${b}`);
});
