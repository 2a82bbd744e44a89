import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { until } from '../../../../support/cluster.ts';
import { columnsOf, LATEST, stages, steps, to, withNodeModules } from '../stage.ts';

const stage = stages('npm');

const MIGRATIONS = {
  'migrations/1700000000001_users.sql':
    '-- Up Migration\nCREATE TABLE users (id int);\n-- Down Migration\nDROP TABLE users;\n',
  'migrations/1700000000002_age.sql':
    '-- Up Migration\nALTER TABLE users ADD age int;\n-- Down Migration\nALTER TABLE users DROP age;\n',
};

const packageOf = (scripts: Record<string, string>, migrate?: Record<string, string>) =>
  JSON.stringify({
    scripts,
    devDependencies: { 'node-pg-migrate': '9' },
    ...(migrate && { pgdeck: { migrate } }),
  });

/** Processes of this machine whose command line has this in it. */
function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').includes(text);
      } catch {
        return false;
      }
    })
    .map(Number);
}

describe('npm scripts over node-pg-migrate', () => {
  test('guessed from the names: up all, down one by one, state from the database', async () => {
    const project = await stage({
      ...MIGRATIONS,
      'package.json': packageOf({ migrate: 'node-pg-migrate', 'migrate:reset': 'rm -rf /nowhere' }),
    });
    withNodeModules(project);
    expect(await project.adapter.detect(await project.where())).toMatch(
      /^scripts migrate -- up, migrate -- down in /,
    );
    const before = await project.adapter.status(await project.where());
    expect(before.items).toEqual([]);
    expect(before.problems.map(({ kind }) => kind)).toEqual(['tool', 'no_history']);
    const up = await project.go('up', LATEST);
    expect(up.end.text).toBe('Work: done.');
    expect(up.route).toMatchObject({ versions: [], open: true });
    expect(up.route.steps[0]?.preview).toBe('npm --silent run migrate -- up');
    expect(up.lines).toContain('By the history: 1700000000001_users, 1700000000002_age were applied.');
    await expect(project.go('up', steps(1))).rejects.toThrow('The scripts do not say what waits');
    const down = await project.go('down', to('1700000000001'));
    expect(down.end.text).toBe('Work: done.');
    expect(await columnsOf(project.session, 'users')).toEqual(['id']);
    expect(await project.states()).toEqual(['1700000000001_users applied']);
  });

  test('configured, with a status script whose list is held against the history', async () => {
    const project = await stage({
      ...MIGRATIONS,
      'status.cjs': "console.log('[X] 1700000000001_users.sql\\n[X] 1700000000002_age.sql')",
      'package.json': packageOf(
        { go: 'node-pg-migrate up', back: 'node-pg-migrate down', list: 'node status.cjs' },
        { up: 'go', down: 'back', status: 'list', downTo: 'back -- 1 --verbose false {version}' },
      ),
    });
    withNodeModules(project);
    expect(await project.adapter.detect(await project.where())).toMatch(
      /^pgdeck\.migrate in package\.json of /,
    );
    expect(await project.states()).toEqual(['1700000000001_users pending', '1700000000002_age pending']);
    expect((await project.go('up', LATEST)).end.text).toBe('Work: done.');
    await project.session.sql(`DELETE FROM pgmigrations WHERE name = '1700000000002_age'`);
    const { problems } = await project.adapter.status(await project.where());
    expect(problems.map(({ message }) => message)).toEqual([
      'The script says that 1700000000002_age.sql is applied, and the history table does not: the table is believed.',
    ]);
  });

  test('an output that is not understood is shown as it is, and nothing is taken from it', async () => {
    const project = await stage({
      ...MIGRATIONS,
      'package.json': packageOf({ 'db:migrate': 'node-pg-migrate up', 'db:status': 'echo all is well' }),
    });
    const { items, problems } = await project.adapter.status(await project.where());
    expect(items).toEqual([]);
    project.write({ 'package.json': packageOf({}, { up: 'x', parser: '(' }) });
    await expect(project.go('up', LATEST)).rejects.toThrow(
      'pgdeck.migrate in package.json: parser expected auto, db or a regular expression.',
    );
    expect(problems[0]?.message).toMatch(
      /npm --silent run db:status is not understood.*It printed:\nall is well$/,
    );
  });

  test.each([
    [
      'drizzle-kit migrate',
      '__drizzle_migrations (id serial, hash text, created_at bigint)',
      `(hash, created_at) VALUES ('5c1e', 1700000000000)`,
    ],
    [
      'typeorm migration:run',
      'migrations (id serial, "timestamp" bigint, name text)',
      `("timestamp", name) VALUES (1700000000000, 'Users1700000000000')`,
    ],
  ])('%s: when a migration was written is not when it was applied', async (call, table, row) => {
    const project = await stage({ 'package.json': JSON.stringify({ scripts: { 'db:migrate': call } }) });
    await project.session.sql(`CREATE TABLE ${table}`);
    await project.session.sql(`INSERT INTO ${table.split(' ')[0]} ${row}`);
    const { items } = await project.adapter.status(await project.where());
    expect(items).toMatchObject([{ state: 'applied', applied_at: null }]);
  });

  test('a failure is told without what npm says of it', async () => {
    const project = await stage({
      'migrations/1_bad.sql': '-- Up Migration\nALTER TABLE nowhere ADD age int;\n',
      'package.json': packageOf({ 'migrate:up': 'node-pg-migrate up' }),
    });
    withNodeModules(project);
    const { end } = await project.go('up', LATEST);
    expect(end.text).toMatch(
      /npm --silent run migrate:up failed with exit code 1: 1_bad: relation "nowhere" does not exist\./,
    );
    await expect(project.go('down', steps(1))).rejects.toThrow('1 step is too many: 0 are applied.');
    // what does nothing and says nothing is no success for who planned something
    project.write({
      'status.cjs': "console.log('[ ] 1_bad')",
      'package.json': packageOf({ 'migrate:up': 'true', 'migrate:status': 'node status.cjs' }),
    });
    const idle = await project.go('up', LATEST);
    expect(idle.end.text).toMatch(
      /ended without an error, but not with what was planned: nothing changed\. The script may work on another database/,
    );
  });

  test('cancelled in the middle it ends at once, and nothing of it goes on', async () => {
    const mark = `pgdeck-test-${process.pid}-${Date.now()}`;
    const project = await stage({
      'sleep.cjs': `const { execFileSync } = require('node:child_process');\nconsole.log('begun');\nexecFileSync('sleep', ['600'], { argv0: '${mark}', stdio: 'inherit' });\n`,
      'package.json': packageOf({ 'migrate:up': `node sleep.cjs ${mark}` }),
    });
    const abort = new AbortController();
    let asked = 0;
    const { end } = await project.go('up', LATEST, {
      signal: abort.signal,
      onEvent: (event) => {
        if (event.type !== 'line' || event.text !== 'begun') return;
        expect(processesWith(mark).length).toBeGreaterThan(0);
        asked = performance.now();
        abort.abort();
      },
    });
    expect(end.status).toBe('cancelled');
    expect(performance.now() - asked).toBeLessThan(3000);
    await until(() => processesWith(mark).length === 0, { what: 'no process of it' });
  });
});
