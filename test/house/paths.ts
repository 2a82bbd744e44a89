import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connect } from '../../src/db/client.ts';
import { createCluster } from '../../src/hosts/cluster/cluster.ts';
import { Program } from '../bench/terminal.ts';
import { Coverage, filesThatRan, type Script } from './coverage.ts';

/** Files of src that have run a function between something a person does and the frame that answers it. */
export interface Path {
  readonly what: string;
  readonly files: readonly string[];
  /** Without those that run for every tick and for every key. */
  readonly own?: readonly string[];
}

/** How the console gets from a row of pg_locks to the screen, and from K to the answer. `main` is built file by file. */
export async function paths(main: string, home: string): Promise<Path[]> {
  const cluster = await createCluster({ settings: { autovacuum: 'off' } });
  try {
    const session = () => connect(cluster.target(), 'workload', 'app');
    const holder = await session();
    await holder.sql('CREATE TABLE held (id int)');
    await holder.sql('BEGIN; LOCK TABLE held');
    const waiter = await session();
    const waits = waiter.sql('SELECT * FROM held').catch(() => {});

    const port = await freePort();
    const { host, port: server, user, database } = cluster.target();
    const connection = ['-h', host, '-p', String(server), '-U', user, '-d', database];
    const env = { PATH: process.env.PATH ?? '', HOME: home, LC_ALL: 'C.UTF-8', COLORTERM: 'truecolor' };
    const program = new Program(process.execPath, [`--inspect=127.0.0.1:${port}`, main, ...connection], env);
    const coverage = await Coverage.of(port);
    await program.shows(/conns !*\d+\/\d+/);
    await program.press('3', /end \d+ frees 1/);
    await coverage.files();
    const another = await session();
    const too = another.sql('SELECT * FROM held').catch(() => {});
    await program.shows(/end \d+ frees 2/);
    const tick = await coverage.files();
    await program.press('G', /▶ +└/);
    await program.press('g', /▶ +\d/);
    const key = await coverage.files();
    const common = new Set([...tick, ...key]);
    const path = (what: string, files: readonly string[]): Path => ({
      ...{ what, files },
      own: files.filter((file) => !common.has(file)),
    });
    await program.press('K', /\[No\]/);
    const question = path('files that run from K to the question on the screen', await coverage.files());
    await program.press('y', /Done\./);
    const outcome = path('files that run from y to what became of it on the screen', await coverage.files());
    const plan = ['backup', '--plan', '--format', 'plain', '--dir', join(home, 'backups'), ...connection];
    const planned = await filesOf(main, plan, env, join(home, 'planned'));
    await program.press('\r', /conns/);
    await program.quit();
    coverage.close();
    await Promise.all([waits, too, holder.close()]);
    await Promise.all([waiter.close(), another.close()]);
    return [
      { what: 'files that run from a row of pg_locks to its cells on the screen', files: tick },
      { what: 'files that run from a key that moves the cursor to the screen', files: key },
      question,
      outcome,
      { what: "files that run from `backup --format` to pg_dump's arguments", files: planned },
    ];
  } finally {
    await cluster.remove();
  }
}

/** The files of src that a command runs, by what Node writes at its end. */
async function filesOf(
  main: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  directory: string,
): Promise<string[]> {
  await promisify(execFile)(process.execPath, [main, ...args], {
    env: { ...env, NODE_V8_COVERAGE: directory },
  });
  const found = await Promise.all(
    (await readdir(directory)).map(async (file) => {
      const { result } = JSON.parse(await readFile(join(directory, file), 'utf8')) as { result: Script[] };
      return filesThatRan(result);
    }),
  );
  return [...new Set(found.flat())].sort();
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject()));
    });
  });
}
