import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../../../src/db/client.ts';
import type { Cluster } from '../../../../src/hosts/cluster/cluster.ts';
import { throwawayCluster } from '../../../support/cluster.ts';
import { cleanEnvironment, MAIN, temporaryDirectory } from '../../../support/program.ts';
import { asksFor, concerns, contextAt, done, getsIn, planned, takenBack } from '../stage.ts';

const home = temporaryDirectory();
let cluster: Cluster;
const sql = async (text: string, user = 'postgres') => {
  const session = await connect(cluster.target({ user }), 'workload', 'test');
  try {
    return await session.sql(text);
  } finally {
    await session.close();
  }
};

beforeAll(async () => {
  cluster = await throwawayCluster({
    ...{ log_statement: 'all', log_min_duration_statement: '0' },
    // before 14 it is md5 unless told otherwise
    password_encryption: 'scram-sha-256',
  });
  await sql(
    'CREATE ROLE app LOGIN; CREATE ROLE plain LOGIN; CREATE ROLE super LOGIN SUPERUSER; CREATE ROLE maker LOGIN CREATEROLE; CREATE ROLE crew NOLOGIN',
  );
  await asksFor(cluster, 'app');
});
afterAll(() => cluster.remove());

const here = (user = 'postgres') => contextAt(cluster.target({ user }), home);

test('generated: shown once, logs in, is in no log, no journal and no argument, and is taken back', async () => {
  await sql("ALTER ROLE app PASSWORD 'the old one 1'");
  const context = here();
  const { plan, end, revealed = '', lines } = await done('role password', { name: 'app' }, context);
  expect(end, end.text).toMatchObject({ ok: true, undo: `pgdeck undo ${end.run}` });
  expect(plan.steps.map(({ id }) => id)).toEqual(['set', 'login', 'show']);
  expect(lines).toContain('The server lets app in with it.');
  expect(revealed).toMatch(/^\w{24}$/);
  expect(await getsIn(cluster.target(), 'app', revealed)).toBe(true);
  expect(await getsIn(cluster.target(), 'app', 'the old one 1')).toBe(false);
  expect(readFileSync(cluster.logFile, 'latin1')).toContain('the old one 1');
  expect(readFileSync(cluster.logFile, 'latin1')).not.toContain(revealed);
  const journal = join(context.journal, end.run);
  for (const file of readdirSync(journal))
    expect(readFileSync(join(journal, file), 'utf8')).not.toContain(revealed);
  expect(JSON.stringify(plan)).not.toContain(revealed);

  const back = await takenBack(end.run, here());
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(await getsIn(cluster.target(), 'app', 'the old one 1')).toBe(true);
});

test('of a run the undo is refused once another password was set', async () => {
  const { end } = await done('role password', { name: 'app' }, here());
  await done('role password', { name: 'app' }, here());
  const back = await takenBack(end.run, here());
  expect(back.end).toMatchObject({ ok: false, text: expect.stringContaining('changed again since') });
});

test('typed from standard input by a command: no log, no journal, no argument of any process has it', async () => {
  const password = 'Gehe1m’s Wort ß 77';
  const { host, port } = cluster.target();
  const child = spawn(
    process.execPath,
    [
      MAIN,
      '-h',
      host,
      '-p',
      String(port),
      '-U',
      'postgres',
      '-d',
      'postgres',
      'role',
      'password',
      'app',
      '--password-stdin',
      '--yes',
      '--json',
    ],
    { env: cleanEnvironment(home), stdio: ['pipe', 'pipe', 'pipe'] },
  );
  const said: Buffer[] = [];
  child.stdout.on('data', (data: Buffer) => said.push(data));
  child.stderr.on('data', (data: Buffer) => said.push(data));
  const seen = new Set<string>();
  const look = setInterval(() => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
      try {
        seen.add(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
      } catch {}
  }, 20);
  child.stdin.end(`${password}\n`);
  const [code] = await once(child, 'close');
  clearInterval(look);
  const output = Buffer.concat(said).toString();
  expect(code, output).toBe(0);
  expect([...seen].some((line) => line.includes('--password-stdin'))).toBe(true);
  expect([...seen].join('\n')).not.toContain(password);
  expect(output).not.toContain(password);
  expect(output).toContain('The server lets app in with it.');
  expect(readFileSync(cluster.logFile, 'utf8')).not.toContain('Gehe1m');
  expect(await getsIn(cluster.target(), 'app', password)).toBe(true);
});

test.each([
  ['', 'the first line is empty'],
  ['\n', 'the first line is empty'],
  ['one\ntwo\n', 'more than one line'],
  [Buffer.from([0xff, 0x0a]), 'no UTF-8'],
])('standard input of %j is refused, and nothing is done', async (input, why) => {
  const { host, port } = cluster.target();
  const child = spawn(
    process.execPath,
    [
      MAIN,
      '-h',
      host,
      '-p',
      String(port),
      '-U',
      'postgres',
      '-d',
      'postgres',
      'role',
      'password',
      'app',
      '--password-stdin',
      '--yes',
    ],
    { env: cleanEnvironment(home), stdio: ['pipe', 'ignore', 'pipe'] },
  );
  let said = '';
  child.stderr.on('data', (data) => {
    said += String(data);
  });
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  expect([code, said]).toEqual([2, expect.stringContaining(why)]);
});

test('into a file of its own, which is not overwritten', async () => {
  const out = join(home, 'app.password');
  const { end, revealed } = await done('role password', { name: 'app', out }, here());
  expect(end, end.text).toMatchObject({ ok: true });
  expect(revealed).toBeUndefined();
  expect(statSync(out).mode & 0o777).toBe(0o600);
  expect(await getsIn(cluster.target(), 'app', readFileSync(out, 'utf8').trim())).toBe(true);
  await expect(planned('role password', { name: 'app', out }, here())).rejects.toThrow(
    /is a file .* already/,
  );
  await expect(planned('role password', { name: 'app', out: '/no/where/x' }, here())).rejects.toThrow(
    /ENOENT/,
  );
});

test('until when it is valid is set with it, and put back with it', async () => {
  const { plan, end } = await done('role password', { name: 'app', valid_until: '90d' }, here());
  expect(end.ok, end.text).toBe(true);
  expect(plan.steps[0]?.preview).toMatch(/ VALID UNTIL '\d{4}-/);
  const until = () => sql("SELECT rolvaliduntil::text AS t FROM pg_roles WHERE rolname = 'app'");
  expect((await until())[0]?.t).toMatch(/^\d{4}-/);
  await takenBack(end.run, here());
  expect((await until())[0]?.t).toBe('infinity');
  for (const given of ['2001-01-01', 'tomorrow', '12', '2027-13-01', 'now'])
    await expect(planned('role password', { name: 'app', valid_until: given }, here())).rejects.toThrow(
      /is no time until which/,
    );
  await sql("ALTER ROLE app VALID UNTIL '2001-01-01'");
  expect(concerns(await planned('role password', { name: 'app' }, here())).join()).toMatch(/expired at 2001/);
  await sql("ALTER ROLE app VALID UNTIL 'infinity'");
});

test('who may not is told before anything is done; a role may change its own', async () => {
  expect(concerns(await planned('role password', { name: 'app' }, here('plain'))).join()).toMatch(
    /block Privileges: plain may not change app/,
  );
  expect(concerns(await planned('role password', { name: 'super' }, here('maker'))).join()).toMatch(
    /only a superuser/,
  );
  await expect(planned('role password', { name: 'nobody' }, here())).rejects.toThrow(
    /There is no role nobody/,
  );
  const own = await done(
    'role password',
    { name: 'plain', password: 'mine', password_again: 'mine' },
    here('plain'),
  );
  expect(own.end, own.end.text).toMatchObject({ ok: true, undo: null });
  expect(concerns(own.plan).join('\n')).toMatch(
    /warn This connection[\s\S]*may not read what the server keeps/,
  );
  // trust: it got in, and nobody looked at the password
  expect(own.lines.join()).toMatch(/without asking for a password .* not tried/);
  const crew = await done('role password', { name: 'crew' }, here());
  expect(crew.plan.steps.map(({ id }) => id)).toEqual(['set', 'show']);
});

test('an MD5 hash is put into no journal, and cannot be put back', async () => {
  await sql("SET password_encryption = 'md5'; ALTER ROLE maker PASSWORD 'x'");
  const [row] = await sql("SELECT rolpassword AS p FROM pg_authid WHERE rolname = 'maker'");
  const { plan, end } = await done('role password', { name: 'maker' }, here());
  expect(end).toMatchObject({ ok: true, undo: null });
  expect(concerns(plan).join()).toMatch(/MD5 hash/);
  const journal = join(here().journal, end.run);
  for (const file of readdirSync(journal))
    expect(readFileSync(join(journal, file), 'utf8')).not.toContain(String(row?.p));
});

test('two that are not the same are refused', async () => {
  await expect(
    planned('role password', { name: 'app', password: 'a', password_again: 'b' }, here()),
  ).rejects.toThrow(/is not the same/);
});

test('a password that the server refuses at the login is taken back', async () => {
  const before = await sql("SELECT rolpassword AS p FROM pg_authid WHERE rolname = 'app'");
  const plan = await planned('role password', { name: 'app' }, here());
  const steps = plan.steps.map((step) =>
    step.id === 'login'
      ? { ...step, run: () => Promise.reject(new Error('password authentication failed')) }
      : step,
  );
  const { carryOut } = await import('../../engine/run/stage.ts');
  const { end } = await carryOut({ ...plan, steps }, here());
  expect(end).toMatchObject({ ok: false, state: expect.stringContaining('is what it was') });
  expect(await sql("SELECT rolpassword AS p FROM pg_authid WHERE rolname = 'app'")).toEqual(before);
  writeFileSync(join(home, 'seen'), '');
});
