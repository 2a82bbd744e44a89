import { fileURLToPath } from 'node:url';
import { local } from '../../src/hosts/local.ts';

/*
 * One altered byte at many places of each kind of archive, through every way that loads it:
 * npm run test:flips [-- PLACES [ARCHIVE…]]. npm run test:slow tries one place of each: test/scenarios/ops/restore/flips.test.ts.
 */

const root = fileURLToPath(new URL('../..', import.meta.url));
const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const [places = '50', ...archives] = process.argv.slice(2);

const result = await local.run(
  process.execPath,
  [vitest, 'run', 'test/scenarios/ops/restore/flips.test.ts', '--maxWorkers=1', '--testTimeout=3600000'],
  {
    cwd: root,
    env: { PGDECK_SUITE: 'slow', PGDECK_FLIPS: places, PGDECK_FLIPS_OF: archives.join(','), NO_COLOR: '1' },
    onLine: (line) => console.log(line),
  },
);
process.exitCode = result.exitCode;
