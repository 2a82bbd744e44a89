import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { writeOneFile } from '../../../src/package/one-file.ts';
import { bundled } from '../../support/bundled.ts';
import { client, type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { spawn } from '../../support/terminal/pty.ts';
import { MAY_ENTER, makeRoot, type Root } from './root.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const PGDECK = '/opt/pgdeck';
const PATH = '/usr/bin:/bin';

describe.skipIf(!MAY_ENTER)('the one file, where there is PostgreSQL and libc, and no Node', () => {
  let root: Root;
  let readonly: Root;
  let db: TestDatabase;
  let server: Record<string, string>;

  beforeAll(async () => {
    const file = join(temporaryDirectory(), 'pgdeck');
    await writeOneFile(await bundled(), file);
    db = await testDatabase();
    const { host, port, database } = db.target();
    root = makeRoot(file);
    readonly = makeRoot(file, { readonly: true });
    server = { PGHOST: host, PGPORT: String(port), PGUSER: 'postgres', PGDATABASE: database };
  });
  afterAll(async () => {
    await db?.drop();
  });

  const pgdeck = (args: readonly string[], env: Record<string, string> = {}) =>
    root.run([PGDECK, ...args], { ...server, ...env });
  const ok = async (args: readonly string[], env: Record<string, string> = {}) => {
    const { code, stdout, stderr } = await pgdeck(args, env);
    expect(code, `${args.join(' ')}: ${stderr}${stdout}`).toBe(0);
    return { stdout, stderr };
  };

  test('there is no Node', async () => {
    const { stdout } = await root.run(['sh', '-c', 'node --version || npm --version || echo none']);
    expect(stdout).toBe('none\n');
  });

  test('it says its version and nothing else, also without a PATH and on files that cannot be written', async () => {
    const said = { code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: '' };
    expect(await pgdeck(['--version'])).toEqual(said);
    expect(await pgdeck(['--version'], { PATH: '' })).toEqual(said);
    expect(await readonly.run([PGDECK, '--version'])).toEqual(said);
    // of Node nothing is listened to
    expect(await pgdeck(['--version'], { NODE_OPTIONS: '--no-such-option' })).toEqual(said);
  });

  test('the demo, and the console in a terminal', async () => {
    const { stdout } = await ok(['demo', '--once', '--scale', '1']);
    expect(stdout).toMatch(/^Activity/m);
    const [program, args] = root.command([PGDECK]);
    const pty = spawn(program, args, {
      ...{ cols: 100, rows: 30 },
      env: { PATH, HOME: '/home', LC_ALL: 'C.UTF-8', TERM: 'xterm-256color', ...server },
    });
    await pty.waitFor('1 Overview');
    pty.press('3');
    await pty.waitFor(/No session waits|Locks/);
    pty.press('q');
    expect(await pty.exit).toMatchObject({ code: 0 });
    expect(pty.alternate).toBe(false);
  });

  test('backup, verify, restore and undo', async () => {
    const session = await client(db.target());
    await session.sql('CREATE TABLE t AS SELECT g FROM generate_series(1, 1000) g');
    const rows = async () => {
      const fresh = await client(db.target());
      return (await fresh.sql('SELECT count(*)::int AS n FROM t'))[0]?.n;
    };
    await ok(['backup', '--yes']);
    await ok(['backups', 'verify', 'newest', '--yes']);
    await session.sql('DELETE FROM t');
    await session.close();
    const { stdout, stderr } = await ok(['restore', 'newest', '--confirm', db.database]);
    expect(await rows()).toBe(1000);
    const [, run = ''] = /undo (\d{8}T?\w*-\w+)/.exec(stdout + stderr) ?? [];
    await ok(['undo', run, '--confirm', db.database]);
    expect(await rows()).toBe(0);
  });

  test('its parser of SQL is in it', async () => {
    const refused = await pgdeck(['explain', 'SELECT 1; SELECT 2']);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('holds 2 statements') });
  });

  test('its thread is in it: a copy is encrypted, and read back', async () => {
    const identity = await generateIdentity();
    const copies = {
      kind: 'directory',
      path: '/srv/copies',
      recipients: [await identityToRecipient(identity)],
    };
    const { host, port, database } = db.target();
    const here = { host, port, user: 'postgres', database, backup: { remote: copies } };
    const settings = join(root.path, 'srv', 'settings.json');
    writeFileSync(settings, JSON.stringify({ profiles: { here } }));
    mkdirSync(join(root.path, 'srv', 'copies'));
    const env = { PGDECK_CONFIG: '/srv/settings.json', PGDECK_AGE_IDENTITY: identity };
    const mine = (...args: string[]) => ok([...args, '--profile', 'here'], env);
    await mine('backup', '--yes');
    await mine('backups', 'push', 'newest', '--yes', '--confirm', '/srv/copies');
    await mine('backups', 'verify', 'newest', '--remote', '--yes');
  });

  test('migrations whose tool needs Node are refused with what is missing', async () => {
    const project = join(root.path, 'srv', 'project');
    mkdirSync(join(project, 'migrations'), { recursive: true });
    writeFileSync(
      join(project, 'package.json'),
      JSON.stringify({
        name: 'x',
        scripts: { 'migrate:up': 'knex migrate:latest' },
        devDependencies: { knex: '3' },
      }),
    );
    writeFileSync(join(project, 'knexfile.js'), 'module.exports = {};');
    // what stands for npm here is a file that nobody may run
    const { code, stderr } = await pgdeck(['migrate', 'up', '--dir', '/srv/project', '--yes']);
    expect(code, stderr).toBe(2);
    expect(stderr).toContain('are run by npm, which is not on this');
    expect(stderr).toContain('Install Node.js');
  });

  test('two at once', async () => {
    const both = await Promise.all([
      pgdeck(['show', 'activity', '--json']),
      pgdeck(['show', 'locks', '--json']),
    ]);
    for (const { code, stderr } of both) expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  test('what cannot be written is said, and what needs no file works', async () => {
    const shown = await readonly.run([PGDECK, 'show', 'activity', '--json'], server);
    expect(shown).toMatchObject({ code: 0, stderr: '' });
    const refused = await readonly.run([PGDECK, 'backup', '--yes'], server);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toMatch(/read-only|EROFS/);
    expect(refused.stderr).not.toMatch(/^\s+at /m);
  });

  test('SIGTERM ends what would go on for ever as done', async () => {
    const child = root.start([PGDECK, 'show', 'activity', '--watch', '1', '--ndjson'], server);
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const ended = once(child, 'exit');
    await Promise.race([once(child.stdout ?? child, 'data'), ended]);
    child.kill('SIGTERM');
    expect([...(await ended), stderr]).toEqual([0, null, '']);
  });

  test('nothing is left in the directory for temporary files', () => {
    expect(readdirSync(join(root.path, 'tmp'))).toEqual([]);
  });
});
