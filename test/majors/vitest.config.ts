import { defineConfig } from 'vitest/config';

/** Of npm test and npm run test:slow, which run them on the machine's own server. */
const EVERYWHERE = [
  'test/scenarios/ops/schema/kinds.test.ts',
  'test/{db,scenarios/db,ops/signal}/queries/**/*.test.ts',
  // each check fires and clears
  'test/health/checks/**/*.test.ts',
  'test/scenarios/health/{server,standby}.test.ts',
  'test/ops/check/check.test.ts',
  'test/scenarios/app/views/space.test.ts',
];

/** What must hold on every major version; PGDECK_TEST_BIN names the server, see run.ts. */
export default defineConfig({
  test: {
    include: ['test/majors/**/*.test.ts', ...(process.env.PGDECK_MAJORS === 'here' ? [] : EVERYWHERE)],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
