import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Session } from '../../src/db/client.ts';
import type { Cluster } from '../../src/hosts/cluster/cluster.ts';
import { clientOf, logging, say } from '../log/stage.ts';
import { until } from '../support/cluster.ts';
import { cleanEnvironment, MAIN, pgdeck, temporaryDirectory } from '../support/program.ts';

// a server of its own: it is restarted, and its settings of the log are changed
const home = temporaryDirectory();
let cluster: Cluster;
let session: Session;
beforeAll(async () => {
  cluster = await logging({ log_line_prefix: '%m [%p] %q%u@%d ' });
  session = await clientOf(cluster);
  await session.sql('CREATE ROLE nobody LOGIN');
});
afterAll(async () => {
  await session.close();
  await cluster.remove();
});

function environment(user = 'postgres'): Record<string, string> {
  const { host, port, database } = cluster.target();
  return cleanEnvironment(home, { PGHOST: host, PGPORT: String(port), PGUSER: user, PGDATABASE: database });
}

const run = (...args: string[]) => pgdeck(['log', ...args], environment());

test('an error with all that belongs to it, as text and as JSON, without passwords and without what a terminal acts on', async () => {
  await session.sql(`ALTER ROLE nobody PASWORD 'hunter2'`).catch(() => {});
  await session
    .sql(
      `DO $$ BEGIN RAISE EXCEPTION E'bad \\x1b[31mred\\ntwo lines' USING DETAIL = 'why', HINT = 'how'; END $$`,
    )
    .catch(() => {});
  await say(session, 'just said');
  const { stdout, code } = await until(
    async () => {
      const outcome = await run('--level', 'error', '--json');
      return outcome.stdout.includes('two lines') ? outcome : undefined;
    },
    { what: 'the error is in the log' },
  );
  expect(code).toBe(0);
  const found = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(found.map(({ error_severity }) => error_severity)).toEqual(['ERROR', 'ERROR']);
  expect(found[1]).toMatchObject({
    user: 'postgres',
    dbname: 'postgres',
    pid: session.pid,
    state_code: 'P0001',
    detail: 'why',
    hint: 'how',
    message: 'bad \u001b[31mred\ntwo lines',
    statement: expect.stringContaining('RAISE EXCEPTION'),
    internal_query: null,
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  });
  const text = (await run('--since', '10m')).stdout;
  expect(text).toMatch(
    new RegExp(
      String.raw`^\S+ \S+\.\d{3} \[${session.pid}\] postgres@postgres ERROR P0001: bad red\n {4}two lines\n {4}DETAIL: why\n {4}HINT: how\n`,
      'm',
    ),
  );
  expect(text).toContain('LOG: just said');
  expect(stdout + text).not.toContain('hunter2');
});

test('bad usage, a role that may not, and a server that is not there', async () => {
  const outcomes = await Promise.all([
    run('--since', 'yesterday'),
    run('--level', 'bad'),
    pgdeck(['log', '-h', '/nowhere'], environment()),
  ]);
  expect(outcomes.map(({ code, stdout }) => [code, stdout])).toEqual([
    [2, ''],
    [2, ''],
    [3, ''],
  ]);
});

interface Following {
  readonly lines: () => string[];
  readonly child: ChildProcess;
}

function follow(...args: string[]): Following {
  const child = spawn(process.execPath, [MAIN, 'log', '--follow', '--json', ...args], {
    env: environment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  const lines = () =>
    text
      .split('\n')
      .slice(0, -1)
      .map((line) => String(JSON.parse(line).message))
      .filter((message) => /^m\d/.test(message));
  return { lines, child };
}

test('followed over a change of form, of prefix and of name, and over a restart of the server: each once; ^C ends it well', async () => {
  await say(session, 'm0');
  const { lines, child } = follow('--since', '5m');
  const seen = (text: string) =>
    until(() => lines().includes(text), { what: `${text} is shown`, timeout: 15_000 });
  await seen('m0');
  await say(session, 'm1');
  await seen('m1');
  const set = async (name: string, value: string) => {
    await session.sql(`ALTER SYSTEM SET ${name} = '${value}'`);
    await session.sql('SELECT pg_reload_conf()');
    await until(async () => (await session.sql(`SHOW ${name}`))[0]?.[name] === value, {
      what: `${name} is set`,
    });
  };
  await say(session, 'm2');
  await set('log_destination', 'stderr');
  await say(session, 'm3');
  await set('log_line_prefix', '%n <%p> ');
  await say(session, 'm4');
  await seen('m4');
  await session.close();
  await cluster.restart();
  session = await clientOf(cluster);
  await say(session, 'm5');
  await seen('m5');
  await set('log_filename', 'other-%Y.log');
  await say(session, 'm6');
  await seen('m6');
  await set('log_destination', 'stderr, csvlog');
  await say(session, 'm7');
  await seen('m7');
  const ended = once(child, 'exit');
  child.kill('SIGINT');
  expect(await ended).toEqual([0, null]);
  expect(lines()).toEqual(['m0', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7']);
});
