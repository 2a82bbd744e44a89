import { expect, test } from 'vitest';
import { resolve } from '../../../../src/config/profile.ts';
import { placesOf } from '../../../../src/config/runs-on.ts';
import { NO_SETTINGS } from '../../../../src/config/settings.ts';
import { configMapChecks, environmentChecks } from '../../../../src/ops/backup/plan/environment.ts';

const told = (env: Record<string, string>, profile: object = {}) => {
  const settings = { ...NO_SETTINGS, profiles: { shop: profile } };
  const { backup } = resolve({ profile: 'shop' }, env, settings);
  return {
    keep: backup.keep,
    checks: environmentChecks({ env, backup }).map((c) => `${c.status} ${c.detail}`),
  };
};

test('RETENTION_DAYS is the rule where none is set', () => {
  expect(told({ RETENTION_DAYS: '30' })).toEqual({ keep: '30 days', checks: [] });
});

test('a rule of the profile is stronger, and that is said', () => {
  expect(told({ RETENTION_DAYS: '30' }, { backup: { keep: '7 daily' } })).toEqual({
    keep: '7 daily',
    checks: [expect.stringMatching(/^warn RETENTION_DAYS is not followed.*7 daily/)],
  });
});

test.each(['0', '-1', 'thirty', '1.5'])('RETENTION_DAYS=%s is refused', (days) => {
  expect(told({ RETENTION_DAYS: days })).toEqual({
    keep: undefined,
    checks: [expect.stringMatching(/^block RETENTION_DAYS is no number/)],
  });
});

test('BACKUP_VOLUMES is refused where the profile names none, so that nobody takes volumes for saved', () => {
  expect(told({ BACKUP_VOLUMES: 'true' }).checks).toEqual([
    expect.stringMatching(/^block BACKUP_VOLUMES is set, and this backup holds databases only/),
  ]);
  expect(told({ BACKUP_VOLUMES: 'false' }).checks).toEqual([]);
  const backup = { volumes: [{ name: 'app_uploads' }] };
  expect(told({ BACKUP_VOLUMES: 'true' }, { backup }).checks).toEqual([]);
});

test.each(['configmap/backup', 'cm:backup', 'configmaps'])('no backup goes into a ConfigMap: %s', (dir) => {
  const context = { env: {}, runsOn: placesOf({ runs_on: { kind: 'kubectl', pod: 'postgres-0' } }) };
  expect(configMapChecks(context, dir)).toEqual([
    expect.objectContaining({ status: 'block', detail: expect.stringMatching(/1 MiB at most.*--dir/) }),
  ]);
  expect(configMapChecks({ ...context, env: { BACKUP_DIR: dir } }, undefined)).toHaveLength(1);
  expect(configMapChecks(context, './configmaps-of-shop')).toEqual([]);
});
