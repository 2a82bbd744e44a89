import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { CATEGORIES, CATEGORY_IDS } from '../../src/health/categories.ts';
import { CHECKS, readAt } from '../../src/health/registry.ts';
import { WAITING } from '../../src/monitor/snapshot.ts';

/** Ids that scripts, waivers and baselines may already have. */
const PROMISED =
  `connections disk lock_wait replication_lag replication_slot cache_hit long_query idle_in_transaction
  xmin_horizon xid_age multixact_age vacuum_due autovacuum_off stale_statistics bloat slow_statements checkpoints archiver
  index_invalid index_unused index_duplicate foreign_key_unindexed rollbacks deadlocks temp_files standby_conflicts
  checksums sequence_exhaustion setting_unsafe setting_memory password_md5 password_expiry version_behind
  prepared_transaction table_size backup_age remote_age backup_unproven schedule_missed`.split(/\s+/);

const ids = CHECKS.map(({ id }) => id);

test('an id is one of its own, of small words, and every one that was promised is there', () => {
  expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
  expect(ids.filter((id) => !/^[a-z0-9]+(_[a-z0-9]+)*$/.test(id))).toEqual([]);
  expect(PROMISED.filter((id) => !ids.includes(id))).toEqual([]);
});

test('each is in the file of its name, and each file is in the registry', () => {
  const files = readdirSync(fileURLToPath(new URL('../../src/health/checks', import.meta.url)))
    .filter((file) => file.endsWith('.ts'))
    .sort();
  expect(files).toEqual(ids.map((id) => `${id.replaceAll('_', '-')}.ts`).sort());
});

test('each is of a category, and the check that measures a category is there and of it', () => {
  expect(CHECKS.filter(({ category }) => !Object.hasOwn(CATEGORIES, category))).toEqual([]);
  for (const id of CATEGORY_IDS) {
    const { measuredBy, weight } = CATEGORIES[id];
    expect([id, measuredBy !== undefined]).toEqual([id, weight > 0]);
    if (measuredBy === undefined) continue;
    expect([id, CHECKS.find((check) => check.id === measuredBy)?.category]).toEqual([id, id]);
  }
  expect(CATEGORY_IDS.filter((id) => !CHECKS.some(({ category }) => category === id))).toEqual([]);
});

test('what a check judges by is as old as the oldest of it', () => {
  const { reads = [] } = CHECKS.find(({ id }) => id === 'stale_statistics') ?? {};
  const at = new Map<unknown, number>(reads.map((poll, i) => [poll, 1000 + i]));
  const part = (poll: unknown) => ({ ...WAITING, at: at.get(poll) ?? Number.NaN });
  expect(readAt('stale_statistics', { part }, 5)).toBe(1000);
  expect(readAt('disk', { part }, 5)).toBe(5);
});

test('advice names no key of the console: it is read in reports, mails and scripts, too', () => {
  const folder = fileURLToPath(new URL('../../src/health', import.meta.url));
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  const advice = files.flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(/advice:[^;]*?(['`])([\s\S]*?)\1/g)].map(
      ([, , text]) => text,
    ),
  );
  expect(advice.length).toBeGreaterThan(40);
  expect(advice.filter((text) => /\((?:\d|[a-zA-Z])(?:, \w+)*[,)]/.test(text ?? ''))).toEqual([]);
});
