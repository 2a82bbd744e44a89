import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { program } from '../../ops/archive/stage.ts';
import { databasesLike, dropLike, inDatabase } from '../../ops/restore/stage.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { cleanEnvironment, pgdeckHere, temporaryDirectory } from '../../support/program.ts';

const home = temporaryDirectory();
const proof = join(home, 'proof');
let db: TestDatabase;

beforeAll(async () => {
  db = await testDatabase();
  await inDatabase(db.database, (session) =>
    session.sql(
      'CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int); INSERT INTO a VALUES (1); INSERT INTO b VALUES (2)',
    ),
  );
});
afterAll(async () => {
  await dropLike(`${db.database}_`);
  await db.drop();
});

const text = (name: string, content: string) => {
  const path = join(home, name);
  writeFileSync(path, content);
  return path;
};
const dump = async (name: string, ...args: string[]) => {
  const path = join(home, name);
  await program('pg_dump', [...args, '-f', path, db.database]);
  return path;
};
const DUMP = '--\n-- PostgreSQL database dump\n--\n\n';
const END = '\n--\n-- PostgreSQL database dump complete\n--\n';

const FILES: [string, () => Promise<string> | string, RegExp][] = [
  ['tar', () => dump('x.tar', '-Ft'), /is a tar archive/],
  [
    'pg_dumpall',
    () => text('all.sql', '--\n-- PostgreSQL database cluster dump\n--\n\nCREATE ROLE x;\n'),
    /by pg_dumpall/,
  ],
  ['text', () => text('notes.sql', 'remember the milk\n'), /is no dump of pg_dump/],
  ['a part', () => dump('part.sql', '-t', 'a'), /public\.b has rows now|\bb has rows now/],
  [
    'a command of psql',
    () => text('bad.sql', `${DUMP}\\! touch ${proof}\n${END}`),
    /line 5 of it has: \\! touch/,
  ],
  ['made with --create', () => dump('create.sql', '--create'), /create database .*without --create/s],
];

test.each(FILES)(
  'what cannot be loaded ends with 2 and one sentence, and changes nothing: %s',
  async (_, make, why) => {
    const file = await make();
    const { host, port } = db.target();
    const words = [
      'restore',
      file,
      '-d',
      db.database,
      '-h',
      String(host),
      '-p',
      String(port),
      '-U',
      'postgres',
    ];
    const env = cleanEnvironment(home, { BACKUP_DIR: join(home, 'backups') });
    for (const more of [
      ['--confirm', db.database],
      ['--json', '--plan'],
    ]) {
      const { code, stdout, stderr } = await pgdeckHere([...words, ...more], env);
      const said = `${stdout}${stderr}`;
      expect([code, more], said).toEqual([2, more]);
      expect(said).toMatch(why);
      expect(said).not.toMatch(/\n\s+at .*:\d+|Error:/);
      if (more.includes('--json') && stdout !== '')
        for (const line of stdout.trim().split('\n')) JSON.parse(line);
    }
    const rows = await inDatabase(db.database, (session) =>
      session.sql('SELECT id FROM a UNION ALL SELECT id FROM b ORDER BY 1'),
    );
    expect(rows).toEqual([{ id: 1 }, { id: 2 }]);
    expect(await databasesLike(`${db.database}_`)).toEqual([]);
  },
);
