import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RemoteSettings } from '../../../src/config/remote.ts';
import { local } from '../../../src/hosts/local.ts';
import { credentialsChecks } from '../../../src/ops/schedule/credentials.ts';
import { jobOf } from '../../../src/ops/schedule/job.ts';
import { temporaryDirectory } from '../../support/program.ts';

const home = temporaryDirectory();
const S3: RemoteSettings = { kind: 's3', bucket: 'b', after_backup: true };

const checked = (
  words: string[],
  remote: RemoteSettings | undefined = S3,
  env: Record<string, string> = SET,
) => credentialsChecks({ backup: { ...(remote && { remote }) }, env, home, here: local }, words);
const SET = { AWS_ACCESS_KEY_ID: 'key' };

test.each([
  ['backup'],
  ['backups push newest'],
  ['backups verify newest --remote'],
  ['maintain --routine weekly'],
])('%s by cron has no credentials that a shell alone has', async (command) => {
  const [check] = await checked(command.split(' '));
  expect(check).toMatchObject({ title: 'credentials', status: 'warn' });
  expect(check?.detail).toContain(join(home, '.aws', 'credentials'));
});

test('it needs none where nothing goes to a bucket, or where no shell has set them', async () => {
  expect(await checked(['backup'], { kind: 's3', bucket: 'b' })).toEqual([]);
  expect(await checked(['backups', 'push', 'newest'], { kind: 'directory', path: '/mnt' })).toEqual([]);
  expect(await checked(['backups', 'verify', 'newest'])).toEqual([]);
  expect(await checked(['backup'], S3, {})).toEqual([]);
});

test('those of a file are found, and where that is goes along', async () => {
  mkdirSync(join(home, '.aws'));
  writeFileSync(join(home, '.aws', 'credentials'), '');
  expect(await checked(['backup'])).toEqual([expect.objectContaining({ status: 'ok' })]);
  const env = { ...SET, AWS_SHARED_CREDENTIALS_FILE: '/elsewhere', AWS_SECRET_ACCESS_KEY: 'geheim' };
  expect(await checked(['backup'], S3, env)).toEqual([expect.objectContaining({ status: 'warn' })]);
  const about = { name: 'n', at: '0 2 * * *', flock: false, program: ['pgdeck'], words: ['backup'] };
  const { line } = jobOf({ env, connection: [], journal: '/state/runs' } as never, about);
  expect(line).toMatch(/^AWS_SHARED_CREDENTIALS_FILE=\/elsewhere PGDECK_JOB=n /);
  expect(line).not.toMatch(/geheim|ACCESS_KEY/);
});
