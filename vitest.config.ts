import { configDefaults, defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest.ts';

// what takes minutes: the odd cases of backup, restore and migrations (each has its test beside its source), the demo,
// cron, standbys, servers from npm, long locks, runs killed or cancelled at every step, drills, every format, planted secrets
const SLOW = [
  'test/scenarios/ops/{backup,restore,migrate,project,remote}/**/*.test.ts',
  'test/scenarios/ops/**/crash.test.ts',
  'test/scenarios/ops/import/{independent,many}.test.ts',
  'test/scenarios/ops/check/standby.test.ts',
  'test/scenarios/ops/maintain/{full,lost}.test.ts',
  'test/scenarios/ops/reindex/cancel.test.ts',
  'test/scenarios/ops/indexes/demo.test.ts',
  'test/scenarios/ops/settings/start.test.ts',
  'test/scenarios/ops/cleanup/{moving,writer}.test.ts',
  'test/scenarios/ops/schema/kinds.test.ts',
  'test/scenarios/cli/cleanup.test.ts',
  'test/scenarios/ops/preview/preview.test.ts',
  'test/scenarios/cli/{report,show-standby,completion}.test.ts',
  'test/scenarios/package/*.test.ts',
  'test/scenarios/health/standby.test.ts',
  'test/scenarios/ops/routine/demo.test.ts',
  'test/scenarios/demo/cluster.test.ts',
  'test/cli/schedule.test.ts',
  'test/demo/demo.test.ts',
  'test/e2e/{demo-npm,fleet,outage,operations/wizard}.test.ts',
  'test/ops/restore/proof.test.ts',
  'test/ops/database/{leftovers,pooler}.test.ts',
  'test/ops/migrate/rehearse/rehearse.test.ts',
  'test/ops/migrate/adapters/{alembic/alembic,npm/npm}.test.ts',
  'test/ops/repository/retention/prune.test.ts',
  'test/scenarios/watch/{malformed,secrets}.test.ts',
];
// what needs a docker daemon, which it starts, or a real sshd; and every fault of the way there, in three shells
const HOSTS = [
  'test/scenarios/hosts/**/*.test.ts',
  'test/hosts/{remote,docker,compose,kubectl,ssh}/**/*.test.ts',
  'test/cli/profile/test.test.ts',
];
const { PGDECK_SUITE: suite } = process.env;
const INCLUDED: Readonly<Record<string, readonly string[]>> = { slow: SLOW, hosts: HOSTS };

export default defineConfig({
  test: {
    include: [...(INCLUDED[suite ?? ''] ?? ['test/**/*.test.ts', 'test/**/*.test.tsx'])],
    // npm run test:slow, npm run test:hosts, and six servers from npm: npm run test:majors
    exclude: [
      ...configDefaults.exclude,
      'test/majors/**',
      ...(suite === 'slow' ? [] : SLOW),
      ...(suite === 'hosts' ? [] : HOSTS),
    ],
    reporters: ['default', './test/support/summary.ts'],
    globalSetup: [
      'test/support/global-setup.ts',
      ...(suite === 'hosts' ? ['test/support/docker/daemon.ts'] : []),
    ],
    sequence: { sequencer: LongestFirst },
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // starting a process for each file takes as long as a third of the tests
    isolate: false,
    setupFiles: ['test/support/fresh.ts'],
    // two cores, and every file has its own database: more workers only wait for each other
    maxWorkers: 2,
  },
});
