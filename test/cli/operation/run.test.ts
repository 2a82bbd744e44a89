import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Receiver } from '../../notify/receiver.ts';
import { db, environment, home, isTable, lines, looking, PROGRAM, run, runIn } from './stage.ts';

describe('a run', () => {
  test('results and the way back on stdout, the rest on stderr; then undo', async () => {
    const { code, stdout, stderr } = await run(
      'work',
      'c_run',
      '--yes',
      '--say',
      'one',
      '--say',
      '\u001b[31mred',
    );
    expect(code).toBe(0);
    const { host, port, user, database } = db.target();
    const words = `-h ${host} -p ${port} -U ${user} -d ${database}`;
    const [, command, id] =
      /^Tables:\ntable +rows\nc_run +3\nTo undo it: (pgdeck -.* undo (\S+))\n$/.exec(stdout) ?? [];
    expect(command).toBe(`pgdeck ${words} undo ${id}`);
    expect(stderr).toMatch(
      /\[1\/2\] Create c_run\n\[2\/2\] Fill it\n +one\n +red\n +filling\nWork on c_run: done\./,
    );
    expect(stderr).not.toContain('\u001b');
    const shown = (await run('runs', 'show', String(id))).stdout;
    expect(shown).toMatch(
      /1\. Create c_run: done.*CREATE TABLE.*2\. Fill it: done.*\| filling.*Tables:.*To undo it/s,
    );
    expect(shown).toContain(`To undo it: ${command}\n`);
    // as it is pasted, where nothing else says which server is meant
    const undone = await runIn(
      { PGDATABASE: 'nowhere', PGPORT: '1' },
      ...words.split(' '),
      'undo',
      String(id),
      '--yes',
    );
    expect([undone.code, undone.stdout]).toEqual([0, '']);
    expect(await isTable('c_run')).toBe(false);
    expect((await run('runs', 'show', String(id))).stdout).toContain('It was undone by');
    expect((await run('undo', String(id), '--yes')).code).toBe(2);
  });

  test('--json: what happens as it happens, the end last', async () => {
    const { code, stdout, stderr } = await run('work', 'c_json', '--yes', '--json', '--no-notes');
    expect([code, stderr]).toEqual([0, '']);
    const events = lines(stdout);
    expect(events.map((event) => event.type)).toEqual([
      ...['begin', 'start', 'finish', 'start', 'progress', 'progress', 'progress', 'result', 'finish', 'end'],
    ]);
    expect(events.at(-1)).toMatchObject({ ok: true, status: 'done', run: expect.stringMatching(/^\d{8}T/) });
    expect(events.at(-1)?.undo).toMatch(/^pgdeck -h \S+ -p \d+ -U postgres -d \S+ undo /);
    expect(events.at(-1)?.undo).toMatch(new RegExp(`${events.at(-1)?.run}$`));
  });

  test('is rolled back by another name of the same server, but not on another server at its address', async () => {
    const { stdout } = await run('work', 'c_named', '--yes', '--json');
    const id = String(lines(stdout).at(-1)?.run);
    const file = join(home, 'state', 'pgdeck', 'runs', id, 'plan.json');
    const plan = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify({ ...plan, system_identifier: '1' }));
    const refused = await run('undo', id, '--yes');
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('another system identifier')]);
    const [row] = await looking.sql('SELECT system_identifier::text AS id FROM pg_control_system()');
    const server = String(plan.server).replace(/@[^:]*:/, '@db.example:');
    writeFileSync(file, JSON.stringify({ ...plan, server, system_identifier: row?.id }));
    expect((await run('undo', id, '--yes')).code).toBe(0);
    expect(await isTable('c_named')).toBe(false);
  });

  test('done, but what comes after failed: exit 1, and it can be undone', async () => {
    const { code, stdout, stderr } = await run('work', 'c_late', '--yes', '--late');
    expect([code, stdout]).toEqual([1, expect.stringMatching(/To undo it: pgdeck .* undo /)]);
    expect(stderr).toMatch(
      /pgdeck: Work on c_late: done\.\npgdeck: But this failed: Start the service: false failed/,
    );
    expect(await isTable('c_late')).toBe(true);
    const [, id = ''] = /undo (\S+)\n$/.exec(stdout) ?? [];
    expect((await run('runs', 'show', id)).stdout).toContain('But this failed: Start the service');
    expect((await run('undo', id, '--yes')).code).toBe(0);
  });

  test('a failure: exit 1, the sentence on stderr, and what was done is rolled back', async () => {
    const { code, stdout, stderr } = await run('work', 'c_fail', '--yes', '--fail');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('pgdeck: Fill it: The dog ate it. Feed the dog.');
    expect(stderr).toContain('Rolled back: Create c_fail');
    expect(await isTable('c_fail')).toBe(false);
    const json = await run('work', 'c_fail', '--yes', '--fail', '--json');
    expect([json.code, lines(json.stdout).at(-1)]).toEqual([
      1,
      expect.objectContaining({ type: 'end', ok: false, status: 'failed' }),
    ]);
  });

  test('a reader that has enough does not stop what was begun', async () => {
    const child = spawn(
      'sh',
      ['-c', '"$0" "$@" | true', process.execPath, PROGRAM, 'work', 'c_pipe', '--yes', '--json'],
      {
        env: environment(),
        stdio: 'ignore',
      },
    );
    await new Promise((resolve) => child.on('close', resolve));
    const { runs } = JSON.parse((await run('runs', 'list', '--json')).stdout);
    expect(runs[0]).toMatchObject({ subject: 'Work on c_pipe', status: 'done' });
  });

  test.skipIf(!existsSync('/dev/full')).each([
    ['1', [], 0],
    ['2', [], 0],
    ['2', ['--fail'], 1],
  ])(
    'output %s that cannot be written does not change what is done, nor the exit code',
    async (to, flags, expected) => {
      const child = spawn(
        'sh',
        [
          '-c',
          `exec "$0" "$@" ${to}>/dev/full`,
          process.execPath,
          PROGRAM,
          'work',
          `c_full${flags.length}${to}`,
          '--yes',
          ...flags,
        ],
        { env: environment(), stdio: 'ignore' },
      );
      expect(await new Promise((resolve) => child.on('close', resolve))).toBe(expected);
      expect(await isTable(`c_full${flags.length}${to}`)).toBe(expected === 0);
    },
  );

  test('a server that is not there: exit 3', async () => {
    const { code, stdout, stderr } = await run('work', 'x', '--yes', '--json', '-h', '/nowhere');
    expect([code, stderr]).toEqual([3, expect.stringContaining('There is no socket')]);
    expect(lines(stdout)).toMatchObject([
      { type: 'end', ok: false, run: null, state: 'Nothing was changed.' },
    ]);
  });
});

describe('who is told outside', () => {
  const receiver = new Receiver();
  const settings = join(home, 'notify.json');
  beforeAll(async () => {
    await receiver.up();
    const notify = { webhooks: [receiver.url('/s3cret').href], long_run_minutes: 0 };
    writeFileSync(settings, JSON.stringify({ profiles: {}, notify }), { mode: 0o600 });
  });
  afterAll(() => receiver.down());
  const env = { PGDECK_CONFIG: settings };
  const taken = () => receiver.requests.splice(0).map(({ body }) => JSON.parse(body));

  test('hears of the end of a long run, and of nothing that was not begun', async () => {
    expect((await runIn(env, 'work', 'n_plan', '--plan')).code).toBe(0);
    expect((await runIn(env, 'work', 'n_refused')).code).toBe(2);
    expect(taken()).toEqual([]);
    expect((await runIn(env, 'work', 'n_done', '--yes', '--json')).code).toBe(0);
    const { user, host, port, database } = db.target();
    expect(taken()).toMatchObject([
      {
        ...{ check: 'long_run', object: database, state: 'resolved' },
        ...{
          server: `${user}@${host}:${port}/${database}`,
          text: expect.stringMatching(/^Work on n_done: done/),
        },
      },
    ]);
  });

  test('hears of a backup whose server is away; the exit code stays 3', async () => {
    const away = { ...env, PGHOST: '/nowhere' };
    expect((await runIn(away, 'backup', '--plan')).code).toBe(3);
    expect(taken()).toEqual([]);
    const { code, stderr } = await runIn(away, 'backup', '--yes');
    expect([code, stderr]).toEqual([3, expect.not.stringContaining('Not told outside')]);
    expect(taken()).toMatchObject([
      { check: 'backup_failed', object: db.target().database, state: 'raised' },
    ]);
  });

  test('who refuses to hear is named in a line on stderr, and the exit code is that of the run', async () => {
    receiver.answer = (_request, response) => response.writeHead(410).end();
    const { code, stdout, stderr } = await runIn(env, 'work', 'n_deaf', '--yes');
    expect(code).toBe(0);
    expect(stderr).toContain('pgdeck: Not told outside: http://127.0.0.1/… answered 410.\n');
    expect(stdout + stderr).not.toContain('s3cret');
  });
});
