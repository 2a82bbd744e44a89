import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import { thisProcess } from '../../../src/ops/files/process.ts';
import { discard, partialDirectory, publish } from '../../../src/ops/repository/publish.ts';
import {
  findBackup,
  lastProven,
  lastVerified,
  listBackups,
  repositoryDirectory,
} from '../../../src/ops/repository/repository.ts';
import { findPartials, sweepPartials } from '../../../src/ops/repository/sweep.ts';
import { readManifest, updateManifest } from '../../../src/ops/repository/update.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { manifestOf } from './stage.ts';

const home = temporaryDirectory();
let n = 0;
let repository: string;
beforeEach(() => {
  repository = join(home, `repository-${n++}`);
});

const SQL = '--\n-- PostgreSQL database dump\n--\n';
const refusal = (message: RegExp) => ({ name: 'OpError', message: expect.stringMatching(message) });

async function made(id: string, more: Parameters<typeof manifestOf>[1] = {}): Promise<string> {
  const partial = await partialDirectory(repository, id, 'run');
  writeFileSync(join(partial.path, 'x.dump'), 'PGDMP');
  return publish(
    partial,
    manifestOf(partial, { files: [{ path: 'x.dump', bytes: 5, sha256: '' }], ...more }),
  );
}

/** A pid that no process has. */
const DEAD = 2 ** 22 + 12_345;

function partialOf(name: string, owner: object | undefined, hoursAgo = 0): string {
  const path = join(repository, name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'x.dump'), 'half');
  if (owner)
    writeFileSync(join(path, 'owner.json'), JSON.stringify({ run: 'r', ...thisProcess(), ...owner }));
  const at = new Date(Date.now() - hoursAgo * 3_600_000);
  for (const file of [...readdirSync(path).map((one) => join(path, one)), path]) utimesSync(file, at, at);
  return path;
}

describe('where backups are kept', () => {
  const where = (env: Record<string, string>, directory?: string, dir?: string) =>
    repositoryDirectory({ env, home: '/home/u', backup: directory === undefined ? {} : { directory } }, dir);

  test('what is named first counts', () => {
    expect(where({ BACKUP_DIR: '/env' }, '/setting', '/flag')).toBe('/flag');
    expect(where({ BACKUP_DIR: '/env' }, '/setting')).toBe('/env');
    expect(where({ XDG_DATA_HOME: '/data' }, '/setting')).toBe('/setting');
    expect(where({ XDG_DATA_HOME: '/data' })).toBe('/data/pgdeck/backups');
    expect(where({})).toBe('/home/u/.local/share/pgdeck/backups');
    expect(where({ BACKUP_DIR: '~/b' })).toBe('/home/u/b');
    expect(where({}, undefined, 'here')).toBe(join(process.cwd(), 'here'));
  });
});

describe('a backup is published at once or not at all', () => {
  test("before, it is not listed, and after, it is whole and its owner's only", async () => {
    const partial = await partialDirectory(repository, 'shop_20260101_000000', 'run');
    mkdirSync(join(partial.path, 'x.dir'));
    writeFileSync(join(partial.path, 'x.dir', 'toc.dat'), 'PGDMP', { mode: 0o666 });
    chmodSync(join(partial.path, 'x.dir', 'toc.dat'), 0o666);
    expect(await listBackups(repository)).toEqual([]);
    await expect(findBackup(repository, partial.path)).rejects.toMatchObject(refusal(/was not finished/));
    await expect(findBackup(repository, 'shop')).rejects.toMatchObject(refusal(/There is no backup shop/));

    const path = await publish(partial, manifestOf(partial, { format: 'directory', archive: 'x.dir' }));
    expect(readdirSync(repository)).toEqual(['shop_20260101_000000']);
    expect(readdirSync(path).sort()).toEqual(['manifest.json', 'x.dir']);
    expect(await listBackups(repository)).toMatchObject([
      { id: 'shop_20260101_000000', path, database: 'shop', status: 'unverified', kind: 'directory' },
    ]);
    const modes = ['.', 'x.dir', 'x.dir/toc.dat', 'manifest.json'].map(
      (name) => statSync(join(path, name)).mode & 0o777,
    );
    expect(modes).toEqual([0o700, 0o700, 0o600, 0o600]);
    expect(statSync(repository).mode & 0o777).toBe(0o700);
  });

  test('a name that is taken gets a number, whoever asks at the same time', async () => {
    await made('shop');
    const partials = await Promise.all([1, 2, 3].map(() => partialDirectory(repository, 'shop', 'run')));
    expect(partials.map(({ id }) => id).sort()).toEqual(['shop-2', 'shop-3', 'shop-4']);
    mkdirSync(join(repository, 'other.deleting'));
    expect((await partialDirectory(repository, 'other', 'run')).id).toBe('other-2');
  });

  test('one that failed leaves nothing', async () => {
    const partial = await partialDirectory(repository, 'shop', 'run');
    writeFileSync(join(partial.path, 'x.dump'), 'half');
    await discard(partial);
    expect(readdirSync(repository)).toEqual([]);
  });

  test('a repository that cannot be made is a sentence', async () => {
    const file = join(home, 'a-file');
    writeFileSync(file, '');
    await expect(partialDirectory(join(file, 'sub'), 'shop', 'run')).rejects.toMatchObject(
      refusal(/The backup cannot be written/),
    );
  });
});

describe('what unfinished runs left', () => {
  test('goes when its process is dead, and only then', async () => {
    const alive = await partialDirectory(repository, 'alive', 'run');
    const dead = partialOf('dead.partial', { pid: DEAD });
    const reused = partialOf('reused.partial', { process_started: '1' });
    const elsewhere = partialOf('elsewhere.partial', { host: `not-${hostname()}`, pid: DEAD }, 23);
    const longAgo = partialOf('long-ago.partial', { host: `not-${hostname()}`, pid: DEAD }, 25);
    // killed before it was marked, as long as nothing is in it
    const empty = (name: string, hours: number) => {
      const path = join(repository, name);
      mkdirSync(path);
      const at = new Date(Date.now() - hours * 3_600_000);
      utimesSync(path, at, at);
      return path;
    };
    const [unmarked, oldUnmarked] = [empty('unmarked.partial', 0), empty('old-unmarked.partial', 25)];
    const deleting = partialOf('gone.deleting', undefined);
    writeFileSync(join(deleting, 'manifest.json'), '{}');
    const backup = await made('shop');
    const gone = [dead, reused, longAgo, oldUnmarked, deleting].sort();
    const found = await findPartials(repository);
    expect(
      found
        .filter((one) => one.dead)
        .map(({ path }) => path)
        .sort(),
    ).toEqual(gone);
    expect(found.find(({ path }) => path === dead)).toMatchObject({ state: 'partial', run: 'r' });
    expect((await sweepPartials(repository)).sort()).toEqual(gone);
    expect(
      readdirSync(repository)
        .map((name) => join(repository, name))
        .sort(),
    ).toEqual([alive.path, elsewhere, unmarked, backup].sort());
  });

  test('of another machine stays while one of its files grows', async () => {
    const path = partialOf('busy.partial', { host: `not-${hostname()}`, pid: DEAD }, 30);
    writeFileSync(join(path, 'x.dump'), 'more');
    expect(await sweepPartials(repository)).toEqual([]);
  });

  test('is a directory of ours: what others call so stays', async () => {
    mkdirSync(repository, { recursive: true });
    for (const name of ['photos.deleting', 'album.partial']) partialOf(name, undefined, 1000);
    const names = ['notes.deleting', 'film.partial'].map((name) => join(repository, name));
    for (const path of names) {
      writeFileSync(path, 'not ours');
      utimesSync(path, new Date(0), new Date(0));
    }
    symlinkSync(home, join(repository, 'link.deleting'));
    expect(await sweepPartials(repository)).toEqual([]);
    expect(readdirSync(repository).sort()).toEqual([
      'album.partial',
      'film.partial',
      'link.deleting',
      'notes.deleting',
      'photos.deleting',
    ]);
  });

  test('an absent repository has nothing', async () => {
    expect(await sweepPartials(repository)).toEqual([]);
    expect(await listBackups(repository)).toEqual([]);
  });
});

describe('the list', () => {
  test('newest first, with what others put there', async () => {
    await made('shop_20260103_000000', { created_at: '2026-01-03T00:00:00Z' });
    await made('odd', {
      created_at: '2026-01-02T00:00:00Z',
      database: { ...manifestOf({ id: '' }).database, name: 'a/b "客户"' },
    });
    const at = new Date('2026-01-01T00:00:00Z');
    const foreign = (name: string, content: string | Buffer) => {
      writeFileSync(join(repository, name), content);
      utimesSync(join(repository, name), at, at);
    };
    foreign('devops_20251231_120000.sql.gz', gzipSync(Buffer.from(SQL)));
    foreign('backup.sql', SQL);
    foreign('failed_20251230_120000.dump', '');
    foreign('notes.txt', SQL.replace('dump', 'notes'));
    foreign('.hidden.sql', SQL);
    mkdirSync(join(repository, 'folder'));
    mkdirSync(join(repository, 'wms_20251229_120000'));
    foreign('wms_20251229_120000/toc.dat', 'PGDMP');
    foreign('wms_20251229_120000/1.dat', 'rows');
    const listed = await listBackups(repository);
    expect(listed.map(({ id, database, status, kind }) => [id, database, status, kind])).toEqual([
      ['shop_20260103_000000', 'shop', 'unverified', 'custom'],
      ['odd', 'a/b "客户"', 'unverified', 'custom'],
      ['backup.sql', null, 'foreign', 'sql'],
      ['devops_20251231_120000.sql.gz', 'devops', 'foreign', 'sql.gz'],
      ['failed_20251230_120000.dump', 'failed', 'damaged', 'custom'],
      ['wms_20251229_120000', 'wms', 'foreign', 'directory'],
    ]);
    expect(listed[5]?.bytes).toBe(9);
    expect(listed[2]?.createdAt).toEqual(at);
    expect(listed[3]?.createdAt).toEqual(new Date(2025, 11, 31, 12));
  });

  test('a verification that failed stands until one of its own level has held', async () => {
    const path = await made('shop');
    const status = async (level: 'decode' | 'checksum' | 'counts' | 'restore', ok: boolean) => {
      const one = { level, at: new Date().toISOString(), ok, detail: `what was found by ${level}` };
      await updateManifest(path, (m) => ({ ...m, verifications: [...m.verifications, one] }));
      return (await findBackup(repository, 'shop')).status;
    };
    const verified = async () => {
      const backup = await findBackup(repository, 'shop');
      return [lastVerified(backup)?.level, lastProven(backup)?.level];
    };
    expect(await status('restore', true)).toBe('ok');
    expect(await verified()).toEqual(['restore', 'restore']);
    expect(await status('checksum', false)).toBe('damaged');
    // a byte that was changed restores as well as any other
    for (const level of ['decode', 'counts', 'restore'] as const)
      expect(await status(level, true)).toBe('damaged');
    expect(await verified()).toEqual([undefined, undefined]);
    const { damage } = await findBackup(repository, 'shop');
    expect(damage).toEqual([expect.stringMatching(/^checksum failed on .*: what was found by checksum$/)]);
    await expect(findBackup(repository, 'newest', 'shop')).rejects.toMatchObject(
      refusal(/no good whole backup/),
    );
    expect(await status('checksum', true)).toBe('ok');
    expect(await status('restore', false)).toBe('damaged');
    expect(await status('restore', true)).toBe('ok');
  });

  test('a file that is missing or was cut is seen at a glance', async () => {
    const path = await made('shop');
    writeFileSync(join(path, 'x.dump'), 'PGD');
    expect(await listBackups(repository)).toMatchObject([{ status: 'damaged' }]);
  });

  test('a manifest that cannot be read is no reason to hide the backup', async () => {
    const path = await made('shop_20260103_000000');
    writeFileSync(
      join(path, 'manifest.json'),
      readFileSync(join(path, 'manifest.json'), 'utf8').slice(0, 99),
    );
    expect(await listBackups(repository)).toMatchObject([
      { id: 'shop_20260103_000000', database: 'shop', status: 'damaged' },
    ]);
    await expect(readManifest(path)).rejects.toMatchObject(refusal(/is damaged, or was written by a newer/));
  });

  test("a temporary manifest of a process that died is in nobody's way", async () => {
    const path = await made('shop');
    const temporary = join(path, 'manifest.json.tmp');
    writeFileSync(temporary, 'half');
    utimesSync(temporary, new Date(0), new Date(0));
    expect(await updateManifest(path, (m) => ({ ...m, pinned: true }))).toMatchObject({ pinned: true });
    expect(readdirSync(path).sort()).toEqual(['manifest.json', 'x.dump']);
  });
});

test('a pipe in the repository is passed over, and not waited for', async () => {
  const directory = temporaryDirectory();
  const pipe = join(directory, 'shop.dump');
  execFileSync('mkfifo', [pipe]);
  expect(await listBackups(directory)).toEqual([]);
  await expect(findBackup(directory, pipe)).rejects.toThrow('is neither a file nor a directory');
}, 5_000);

test('a pipe in the place of a manifest is damage, and not waited for', async () => {
  const path = await made('shop_20260101_000000');
  rmSync(join(path, 'manifest.json'));
  execFileSync('mkfifo', [join(path, 'manifest.json')]);
  expect(await listBackups(repository)).toMatchObject([{ id: 'shop_20260101_000000', status: 'damaged' }]);
  await expect(readManifest(path)).rejects.toMatchObject(refusal(/The manifest cannot be read/));
}, 5_000);

test('a time that is none is damage; of one second the later one is first', async () => {
  const path = await made('shop_20260101_000000');
  const file = join(path, 'manifest.json');
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replace(/"created_at": "[^"]*"/, '"created_at": "yesterday"'),
  );
  const at = new Date(2026, 0, 2).toISOString();
  for (let n = 1; n <= 10; n++) await made('shop_20260102_000000', { created_at: at });
  const backups = await listBackups(repository);
  expect([backups[0]?.id, backups.at(-2)?.id]).toEqual(['shop_20260102_000000-10', 'shop_20260102_000000']);
  expect(backups.at(-1)).toMatchObject({ id: 'shop_20260101_000000', status: 'damaged' });
});

describe('a backup is found', () => {
  test('by its name, the beginning of it, its path, the path of its archive', async () => {
    const path = await made('shop_20260101_000000');
    await made('other_20260101_000000');
    for (const name of [
      'shop_20260101_000000',
      'sho',
      path,
      `${path}/`,
      join(path, 'x.dump'),
      join(path, 'manifest.json'),
    ])
      expect(await findBackup(repository, name), name).toMatchObject({ id: 'shop_20260101_000000', path });
    const elsewhere = join(home, 'elsewhere.sql');
    writeFileSync(elsewhere, SQL);
    expect(await findBackup(repository, elsewhere)).toMatchObject({ path: elsewhere, status: 'foreign' });
  });

  test('or refused with the reason', async () => {
    await made('shop_1');
    await made('shop_2');
    const text = join(home, 'readme.txt');
    writeFileSync(text, 'read me');
    for (const [name, reason] of [
      ['shop_', /beginning of 2 backups/],
      ['nothing', /There is no backup nothing in/],
      ['nothing.sql.gz', /There is no file \/\S+\/nothing\.sql\.gz\./],
      ['', /There is no backup/],
      ['./nothing.dump', /There is no file/],
      [text, /no backup of pg_dump/],
    ] as const)
      await expect(findBackup(repository, name), name).rejects.toMatchObject(refusal(reason));
  });
});
