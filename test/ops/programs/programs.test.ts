import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { local } from '../../../src/hosts/local.ts';
import type { ClientProgram } from '../../../src/ops/programs/package.ts';
import { findClients } from '../../../src/ops/programs/programs.ts';
import { serverTarget } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { contextFor } from './stage.ts';

const home = temporaryDirectory();
const { major } = inject('postgres');
const server = (of: number) => ({ major: of, version: `${of}.4` });

/** A directory of programs that only tell a version. */
function installation(name: string, version: string, programs: readonly ClientProgram[]): string {
  const directory = join(home, name);
  mkdirSync(directory);
  for (const program of programs) {
    const path = join(directory, program);
    writeFileSync(path, `#!/bin/sh\necho "${program} (PostgreSQL) ${version} (Debian ${version}-1)"\n`);
    chmodSync(path, 0o755);
  }
  return directory;
}
const context = (programs?: string, path?: string) =>
  contextFor(serverTarget(), home, {
    ...(programs !== undefined && { backup: { programs } }),
    ...(path !== undefined && { env: { PATH: path } }),
  });

test('those of the server are found, in the directory of their version rather than behind a wrapper', async () => {
  const { clients, check } = await findClients(context(), server(major), ['pg_dump', 'pg_restore', 'psql']);
  expect(check.status).toBe('ok');
  expect(clients?.major).toBe(major);
  expect(clients?.path('pg_dump')).toMatch(new RegExp(`/.*${major}.*/pg_dump$`));
  expect(clients?.zstd).toBe(major >= 16);
});

test('newer ones are taken with a warning that says how to get the right ones', async () => {
  const directory = installation('newer', '97.2', ['pg_dump', 'psql']);
  const { clients, check } = await findClients(context(directory), server(96), ['pg_dump', 'psql']);
  expect(clients).toMatchObject({ major: 97, version: '97.2', directory, zstd: true });
  expect(check.status).toBe('warn');
  expect(check.detail).toContain('97.2');
  expect(check.detail).toContain('postgresql-client-96');
});

test('of several newer ones on PATH the nearest is taken', async () => {
  const far = installation('far', '99.1', ['pg_dump']);
  const near = installation('near', '98.1', ['pg_dump']);
  const { clients } = await findClients(context(undefined, `${far}:${near}`), server(96), ['pg_dump']);
  expect(clients?.directory).toBe(near);
});

test('in a container nobody installs them: another container may be meant', async () => {
  const directory = installation('within', '94.4', ['pg_dump']);
  const within = context(directory);
  const host = { ...local, kind: 'docker', label: 'the container db' } as const;
  const { check } = await findClients({ ...within, host }, server(96), ['pg_dump']);
  expect(check.detail).toContain('of the container db are too old for the server (96.4)');
  expect(check.detail).toContain('see that runs_on names it');
  expect(check.detail).not.toContain('apt');
  const none = { ...within, host, backup: { programs: join(home, 'none') } };
  expect((await findClients(none, server(96), ['pg_dump'])).check.detail).toMatch(
    /was not found in \S+ in the container db\. /,
  );
});

test('older ones are refused, and the package is named', async () => {
  const directory = installation('older', '94.3', ['pg_dump']);
  const { clients, check } = await findClients(context(directory), server(96), ['pg_dump']);
  expect(clients).toBeUndefined();
  expect(check).toMatchObject({ status: 'block' });
  expect(check.detail).toContain('too old for the server (96.4)');
  expect(check.detail).toContain('apt install postgresql-client-96');
});

test('a directory without all of them says what is missing, and whose package that is', async () => {
  const directory = installation('partial', '96.4', ['pg_dump']);
  const { check } = await findClients(context(directory), server(96), ['pg_dump', 'initdb']);
  expect(check).toMatchObject({ status: 'block' });
  expect(check.detail).toContain(`${directory} has no initdb`);
  expect(check.detail).toContain('apt install postgresql-96');
});

test('of several that are too old the newest is named, where versions lie beside each other too', async () => {
  const directory = installation('oldest', '13.1', ['pg_dump']);
  const { clients, check } = await findClients(context(undefined, directory), server(96), ['pg_dump']);
  expect(clients).toBeUndefined();
  expect(check.detail).toMatch(
    /^Those of PostgreSQL (1[3-9]|[2-9]\d)\S* in \S+ are too old for the server \(96\.4\)\./,
  );
});

test('none at all blocks', async () => {
  const { check } = await findClients(context(home), server(96), ['pg_dump', 'psql']);
  expect(check).toMatchObject({ status: 'block' });
  expect(check.detail).toContain(`pg_dump, psql of PostgreSQL 96 were not found in ${home}.`);
});

test('a backup that needs a newer major than the server is met with that one', async () => {
  const directory = installation('later', '97.0', ['pg_restore']);
  const found = await findClients(context(directory), server(95), ['pg_restore'], 97);
  expect(found.clients?.major).toBe(97);
  const older = await findClients(context(directory), server(95), ['pg_restore'], 98);
  expect(older.check.detail).toContain('this backup, which needs 98');
});
