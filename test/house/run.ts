import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RolldownOptions, rolldown } from 'rolldown';
import { connect } from '../../src/db/client.ts';
import { createCluster } from '../../src/hosts/cluster/cluster.ts';
import { Program } from '../bench/terminal.ts';
import { Coverage } from './coverage.ts';

/*
 * How many files of src run between a key and the frame with its answer, by V8's counts: npm run house [-- list].
 */

const ROOT = new URL('../../', import.meta.url);
const list = process.argv.includes('list');

/** The program, a file for each file of src. */
async function build(directory: string): Promise<string> {
  const { default: config } = (await import(new URL('rolldown.config.mjs', ROOT).href)) as {
    default: RolldownOptions & { output: object };
  };
  const bundle = await rolldown({ ...config, cwd: fileURLToPath(ROOT), logLevel: 'silent' });
  await bundle.write({
    ...config.output,
    dir: directory,
    preserveModules: true,
    preserveModulesRoot: fileURLToPath(ROOT),
    minify: false,
  });
  await bundle.close();
  return join(directory, 'main.js');
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject()));
    });
  });
}

const home = await mkdtemp(join(tmpdir(), 'pgdeck-house-'));
const cluster = await createCluster({ settings: { autovacuum: 'off' } });
try {
  const main = await build(join(home, 'built'));
  const [holder, waiter] = await Promise.all([1, 2].map(() => connect(cluster.target(), 'workload', 'app')));
  if (!holder || !waiter) throw new Error('No session.');
  await holder.sql('CREATE TABLE held (id int)');
  await holder.sql('BEGIN; LOCK TABLE held');
  const waits = waiter.sql('SELECT * FROM held').catch(() => {});
  const port = await freePort();
  const { host, port: server, user, database } = cluster.target();
  const connection = ['-h', host, '-p', String(server), '-U', user, '-d', database];
  const env = { PATH: process.env.PATH ?? '', HOME: home, LC_ALL: 'C.UTF-8', COLORTERM: 'truecolor' };
  const program = new Program(process.execPath, [`--inspect=127.0.0.1:${port}`, main, ...connection], env);
  const coverage = await Coverage.of(port);
  const tell = async (what: string) => {
    const files = await coverage.files();
    console.log(`${what}: ${files.length} files`);
    if (list) console.log(files.map((file) => `  ${file}`).join('\n'));
  };
  await program.shows(/conns !*\d+\/\d+/);
  await program.press('3', /terminating \d+ frees 1/);
  await program.press('g', /▶/);
  await program.press('p', /PAUSED/);
  await coverage.files();
  await program.press('K', /\[No\]/);
  await tell('from K to the question on the screen');
  await program.press('n', /FREES/);
  await coverage.files();
  await program.press('R', /PAUSED/);
  await tell('from R to the locks read anew on the screen');
  coverage.close();
  await program.quit();
  await holder.close();
  await waits;
  await waiter.close();
} finally {
  await cluster.remove();
  await rm(home, { recursive: true, force: true });
}
