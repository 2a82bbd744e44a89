import { fileURLToPath } from 'node:url';
import { local } from '../../src/hosts/local.ts';
import { SERVERS, serverBin } from './servers.ts';

/*
 * Runs what must hold on every major version, one server after the other: npm run test:majors [-- 13 18]
 */

const root = fileURLToPath(new URL('../..', import.meta.url));
const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const asked = process.argv.slice(2).map(Number);
const majors = asked.length > 0 ? asked : Object.keys(SERVERS).map(Number);

const failed: number[] = [];
for (const major of majors) {
  const bin = await serverBin(major);
  const started = performance.now();
  const args = [vitest, 'run', '--config', 'test/majors/vitest.config.ts', '--reporter', 'dot'];
  const result = await local.run(process.execPath, args, {
    cwd: root,
    env: { PGDECK_TEST_BIN: bin, NO_COLOR: '1' },
  });
  if (result.exitCode !== 0) failed.push(major);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`PostgreSQL ${SERVERS[major]}: ${result.exitCode === 0 ? 'passed' : 'FAILED'} in ${seconds} s`);
  if (result.exitCode !== 0) console.log(result.stdout + result.stderr);
}
process.exitCode = failed.length > 0 ? 1 : 0;
