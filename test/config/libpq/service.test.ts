import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readService } from '../../../src/config/libpq/service.ts';
import { temporaryDirectory } from '../../support/program.ts';

const home = temporaryDirectory();
const system = join(home, 'system');
mkdirSync(system);
const own = join(home, '.pg_service.conf');
writeFileSync(
  own,
  '# servers\n[shop]\nhost=db\n  port = 6000\ndbname=a=b\n\n[bad]\nhost db\n[odd]\nhots=x\n[chain]\nservice=shop\n[shop]\nhost=second\n',
);
writeFileSync(join(system, 'pg_service.conf'), '[central]\nhost=central\n[shop]\nhost=system\n');
const env = { HOME: home, PGSYSCONFDIR: system };

test('the own file is read first, and of two definitions the first', () => {
  expect(readService('shop', env)).toEqual({
    params: { host: 'db', port: '6000', dbname: 'a=b' },
    file: own,
  });
});

test('what the own file lacks is taken from the file of the system', () => {
  expect(readService('central', env).params).toEqual({ host: 'central' });
});

test('PGSERVICEFILE stands for the own file and must exist', () => {
  const file = join(system, 'pg_service.conf');
  expect(readService('shop', { ...env, PGSERVICEFILE: file }).params).toEqual({ host: 'system' });
  expect(() => readService('shop', { ...env, PGSERVICEFILE: '/none' })).toThrow('/none does not exist');
});

test.each([
  ['bad', `${own}:8 is no key=value line.`],
  ['odd', `${own}:10 has the unknown parameter "hots".`],
  ['chain', `${own}:12 names another service`],
  ['nowhere', 'The service "nowhere" is defined nowhere.'],
])('%s is an error with its line', (name, message) => {
  expect(() => readService(name, env)).toThrow(message);
});
