import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, test } from 'vitest';
import { OpError } from '../../../../src/ops/error.ts';
import { copySource } from '../../../../src/ops/import/source/copy.ts';
import { openSource } from '../../../../src/ops/import/source/source.ts';
import { temporaryDirectory } from '../../../support/program.ts';

let directory: string;
let file: string;
beforeEach(() => {
  directory = temporaryDirectory();
  file = join(directory, 'app.db');
});

function made(sql = '', path = file): DatabaseSync {
  const database = new DatabaseSync(path);
  database.exec(
    `CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); INSERT INTO t (b) VALUES ('one'), ('two'); ${sql}`,
  );
  return database;
}

const copy = () => copySource(file, join(directory, 'copy.db'));
const rows = (): number => {
  const source = openSource(join(directory, 'copy.db'), file);
  const [row] = source.database.prepare('SELECT count(*) AS n FROM t').all();
  source.close();
  return Number(row?.n);
};
/** Every file of it with its sum, without the index of the log, which readers write to. */
const sums = (): Record<string, string> =>
  Object.fromEntries(
    readdirSync(directory)
      .filter((name) => name.startsWith('app.db') && !name.endsWith('-shm'))
      .map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(join(directory, name)))
          .digest('hex'),
      ]),
  );
const refusal = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(OpError);
  expect(error).toMatchObject({ kind: 'refused' });
  return (error as OpError).message;
};

describe('a SQLite file is copied, and not changed', () => {
  test('with a rollback journal', async () => {
    made().close();
    const before = sums();
    await copy();
    expect(sums()).toEqual(before);
    expect(rows()).toBe(2);
  });

  test('with a write-ahead log that a crash has left: its rows are there, and the log stays', async () => {
    const writer = made('PRAGMA journal_mode = WAL; INSERT INTO t (b) VALUES (3)');
    // as it is on the disk while the writer is at work, which is what a crash leaves
    for (const end of ['', '-wal']) copyFileSync(file + end, join(directory, `left.db${end}`));
    writer.close();
    mkdirSync(join(directory, 'left'));
    const left = join(directory, 'left', 'app.db');
    for (const end of ['', '-wal']) copyFileSync(join(directory, `left.db${end}`), left + end);
    [directory, file] = [join(directory, 'left'), left];
    const before = sums();
    expect(Object.keys(before)).toEqual(['app.db', 'app.db-wal']);
    await copy();
    expect(sums()).toEqual(before);
    expect(rows()).toBe(3);
  });

  test('in WAL mode and closed: nothing is left beside it', async () => {
    made('PRAGMA journal_mode = WAL').close();
    const before = readdirSync(directory);
    await copy();
    expect(readdirSync(directory).filter((name) => !name.startsWith('copy'))).toEqual(before);
    expect(rows()).toBe(2);
  });

  test('while somebody writes through the log: one moment of it', async () => {
    const writer = made('PRAGMA journal_mode = WAL');
    writer.exec('BEGIN; INSERT INTO t (b) VALUES (3)');
    await copy();
    writer.exec('COMMIT');
    writer.close();
    expect(rows()).toBe(2);
  });
});

describe('what is none, or cannot be had, is said in a sentence', () => {
  test('a file that somebody keeps for himself', async () => {
    const writer = made();
    writer.exec('BEGIN EXCLUSIVE');
    expect(await refusal(copy())).toMatch(/is locked/);
    writer.close();
  }, 20_000);

  test('nothing, a directory, an empty file, another file', async () => {
    expect(await refusal(copy())).toMatch(/does not exist/);
    mkdirSync(file);
    expect(await refusal(copy())).toMatch(/is no file/);
    file = join(directory, 'b.db');
    writeFileSync(file, '');
    expect(await refusal(copy())).toMatch(/is empty/);
    writeFileSync(file, 'id,name\n1,one\n');
    expect(await refusal(copy())).toMatch(/no SQLite 3 database/);
    expect(existsSync(join(directory, 'copy.db'))).toBe(false);
  });

  test('one that is encrypted', async () => {
    const pages = Array.from({ length: 256 }, (_, n) => createHash('sha256').update(String(n)).digest());
    writeFileSync(file, Buffer.concat(pages));
    expect(await refusal(copy())).toMatch(/looks encrypted, as SQLCipher does it/);
  });

  test('a log without its file, and a log that is named itself', async () => {
    const writer = made('PRAGMA journal_mode = WAL; INSERT INTO t (b) VALUES (3)');
    copyFileSync(`${file}-wal`, join(directory, 'gone.db-wal'));
    writer.close();
    file = join(directory, 'gone.db');
    expect(await refusal(copy())).toMatch(/gone\.db-wal is there/);
    file = join(directory, 'gone.db-wal');
    const named = await copy().catch((error: unknown) => error);
    expect(named).toMatchObject({ next: expect.stringContaining('gone.db.') });
  });

  test('one that was cut, and one whose pages are damaged', async () => {
    made(
      'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO t (b) SELECT hex(randomblob(20)) FROM n',
    ).close();
    const whole = readFileSync(file);
    writeFileSync(file, whole.subarray(0, whole.length - 8192));
    expect(await refusal(copy())).toMatch(/cut short/);
    const damaged = Buffer.from(whole);
    damaged.fill(0xff, 8192, 8192 + 512);
    writeFileSync(file, damaged);
    await copy();
    expect(() => openSource(join(directory, 'copy.db'), file)).toThrow(/is damaged/);
  });

  test.skipIf(process.getuid?.() === 0)('one that may not be read', async () => {
    made().close();
    chmodSync(file, 0o000);
    expect(await refusal(copy())).toMatch(/permission denied/);
  });
});
