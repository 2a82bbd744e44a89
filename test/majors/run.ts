import { fileURLToPath } from 'node:url';
import { findBinaries } from '../../src/hosts/cluster/binaries.ts';
import { local } from '../../src/hosts/local.ts';
import { SERVERS, serverBin } from './servers.ts';

/*
 * Runs what must hold on every major version, one server after the other: npm run test:majors [-- 13 18]. On that of the
 * machine's own server, unless it is asked for, only what npm test and npm run test:slow have not run on it.
 */

const root = fileURLToPath(new URL('../..', import.meta.url));
const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const asked = process.argv.slice(2).map(Number);
const majors = asked.length > 0 ? asked : Object.keys(SERVERS).map(Number);
const here = await findBinaries().catch(() => undefined);
const own = asked.length > 0 ? undefined : here?.major;

const failed: number[] = [];

async function one(major: number): Promise<void> {
  const bin = await serverBin(major);
  const started = performance.now();
  const args = [vitest, 'run', '--config', 'test/majors/vitest.config.ts', '--reporter', 'dot'];
  const result = await local.run(process.execPath, args, {
    cwd: root,
    env: { PGDECK_TEST_BIN: bin, NO_COLOR: '1', ...(major === own && { PGDECK_MAJORS: 'here' }) },
  });
  if (result.exitCode !== 0) failed.push(major);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const what = `PostgreSQL ${SERVERS[major]}${major === own ? ' (beside npm test and test:slow)' : ''}`;
  console.log(`${what}: ${result.exitCode === 0 ? 'passed' : 'FAILED'} in ${seconds} s`);
  if (result.exitCode !== 0) console.log(result.stdout + result.stderr);
}

for (const major of majors) await one(major);
process.exitCode = failed.length > 0 ? 1 : 0;
