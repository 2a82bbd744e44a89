import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Host } from '../../../src/hosts/host.ts';
import { local } from '../../../src/hosts/local.ts';
import { openRemote } from '../../../src/hosts/remote/remote.ts';
import type { Installation, Wanted } from '../../../src/ops/programs/installation.ts';
import { installed } from '../../../src/ops/programs/installed.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { SHELLS, type WayHere, wayHere } from '../../support/ways/here.ts';

const home = temporaryDirectory();

function program(directory: string, name: string, script: string): void {
  mkdirSync(join(home, directory), { recursive: true });
  const path = join(home, directory, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

async function all(host: Host, wanted: Partial<Wanted>): Promise<Installation[]> {
  const found: Installation[] = [];
  const more = { programs: ['pg_dump', 'psql'], major: 96, only: undefined, ...wanted } as const;
  for await (const one of installed(host, { env: { PATH: more.env?.PATH ?? '' }, ...more })) found.push(one);
  return found;
}

describe.each(SHELLS)('elsewhere, in %s', (shell) => {
  let way: WayHere;
  let far: Host;
  const asked: string[] = [];
  beforeAll(async () => {
    way = await wayHere(shell);
    const host = await openRemote(way);
    far = {
      ...host,
      searchPath: local.searchPath,
      run: (command, args, options) => {
        asked.push(command);
        return host.run(command, args, options);
      },
    };
  });
  afterAll(() => way.remove());

  test('what is installed is what this machine finds, by one command', async () => {
    const text = 'echo "x (PostgreSQL) 97.2 (Debian)"';
    program('a directory', 'pg_dump', text);
    program('a directory', 'psql', text);
    program('half', 'pg_dump', text);
    program('half', 'psql', 'echo "psql (PostgreSQL) 96.1"');
    program('broken', 'pg_dump', 'exit 1');
    program('wrapped', 'pg_wrapper', text);
    try {
      symlinkSync(join(home, 'wrapped', 'pg_wrapper'), join(home, 'wrapped', 'pg_dump'));
    } catch {
      // another shell's test has made it
    }
    const env = {
      PATH: ['a directory', 'half', 'broken', 'wrapped'].map((one) => join(home, one)).join(':'),
    };
    const near = await all(local, { env });
    asked.length = 0;
    const found = await all(far, { env });
    expect(asked).toHaveLength(1);
    expect(found.slice(0, 2)).toEqual([
      { directory: join(home, 'a directory'), version: '97.2', major: 97, missing: [] },
      { directory: join(home, 'half'), version: '97.2', major: 97, missing: ['psql'] },
    ]);
    const byName = (one: Installation, other: Installation) => (one.directory < other.directory ? -1 : 1);
    expect(found.toSorted(byName)).toEqual(near.toSorted(byName));
  });

  test('a directory that is named is the only one', async () => {
    program('only', 'pg_dump', 'echo "pg_dump (PostgreSQL) 13.1"');
    const wanted = { only: join(home, 'only'), env: { PATH: join(home, 'a directory') } };
    expect(await all(far, wanted)).toEqual(await all(local, wanted));
    expect(await all(far, { ...wanted, only: join(home, 'none') })).toEqual([]);
  });
});
