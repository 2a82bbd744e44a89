import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
    // six servers from npm: npm run test:majors
    exclude: [...configDefaults.exclude, 'test/majors/**'],
    reporters: ['default', './test/support/summary.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // two cores, and every file has its own database: more workers only wait for each other
    maxWorkers: 2,
  },
});
