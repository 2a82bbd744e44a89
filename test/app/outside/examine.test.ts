import { afterAll, beforeAll, expect, test } from 'vitest';
import { hasCheck } from '../../../src/app/outside/examine.ts';
import { examinerOf } from '../../../src/app/outside/examiner.ts';
import { resolvedFor } from '../../../src/config/profile.ts';
import { DEFAULT_ROUTINE } from '../../../src/config/routine.ts';
import { NO_SETTINGS } from '../../../src/config/settings.ts';
import { inDatabase } from '../../ops/restore/stage.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
  await inDatabase(db.database, (session) =>
    session.sql(
      'CREATE TABLE t (id int PRIMARY KEY); CREATE INDEX again ON t (id); CREATE INDEX twice ON t (id)',
    ),
  );
});
afterAll(() => db.drop());

const home = temporaryDirectory();
const env = { HOME: home, XDG_STATE_HOME: home, BACKUP_DIR: home };
const examiner = (waivers: readonly { id: string; until: string; reason: string }[] = []) =>
  examinerOf({ resolved: { ...resolvedFor(db.target(), 'test', NO_SETTINGS), waivers }, env });
const { signal } = new AbortController();

test('the checks of the routine are checks of health', () => {
  const checks = DEFAULT_ROUTINE.flatMap(({ work }) => (work.kind === 'check' ? work.checks : []));
  expect(checks.filter((id) => !hasCheck(id))).toEqual([]);
  expect(hasCheck('no_such')).toBe(false);
});

test('says what is found with what fixes it, what only a longer sample tells, and what is waived', async () => {
  const asked = ['index_duplicate', 'cache_hit', 'backup_age'];
  const found = await examiner().look(asked, 1, signal);
  expect(found.map(({ check }) => check)).toEqual(asked);
  const [duplicate, cache, backup] = found;
  expect(duplicate?.findings).toContainEqual(
    expect.objectContaining({
      severity: 'warning',
      command: true,
      fix: expect.stringMatching(/^pgdeck indexes drop/),
    }),
  );
  expect(cache).toMatchObject({ findings: [], unknown: { sample: 60 } });
  expect(backup?.findings).toEqual([
    expect.objectContaining({ id: 'backup_age', title: `There is no backup of ${db.database}.` }),
  ]);
  const [waived] = await examiner([{ id: 'index_duplicate', until: '2999-12-31', reason: 'known' }]).look(
    ['index_duplicate'],
    1,
    signal,
  );
  expect(waived).toMatchObject({ findings: [], waived: duplicate?.findings.length });
});

test('what cannot be read at all is told from what is known in part', async () => {
  const lost = examinerOf({
    resolved: resolvedFor(db.target(), 'test', NO_SETTINGS),
    env: { ...env, BACKUP_DIR: '/proc/1/mem/none' },
  });
  const [backup] = await lost.look(['backup_age'], 1, signal);
  expect(backup?.unknown).toMatchObject({ partly: false, reason: expect.any(String) });
});

test('is stopped while it waits', async () => {
  const stop = new AbortController();
  const look = examiner().look(['cache_hit'], 600, stop.signal);
  setTimeout(() => stop.abort(), 100);
  await expect(look).rejects.toMatchObject({ name: 'AbortError' });
});
