import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { client, serverTarget, type TestDatabase, testDatabase } from '../support/cluster.ts';
import { cleanEnvironment, pgdeckHere, temporaryDirectory } from '../support/program.ts';

const home = temporaryDirectory();
const file = join(home, 'schema.json');
let db: TestDatabase;
let env: Record<string, string>;

beforeAll(async () => {
  db = await testDatabase();
  const { host, port } = serverTarget();
  env = cleanEnvironment(home, {
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: 'postgres',
    PGDATABASE: db.database,
  });
});
afterAll(() => db.drop());

test('a snapshot in a file, and what has changed since', async () => {
  const session = await client(db.target());
  await session.sql('CREATE TABLE people (id int PRIMARY KEY, name text)');
  const made = await pgdeckHere(['schema', 'snapshot', '--out', file], env);
  expect(made).toMatchObject({ code: 0, stdout: '' });
  expect(made.stderr).toMatch(/^\d+ objects in .*schema\.json\n$/);
  const printed = await pgdeckHere(['schema', 'snapshot'], env);
  expect(JSON.parse(printed.stdout)).toEqual(JSON.parse(readFileSync(file, 'utf8')));

  const same = await pgdeckHere(['schema', 'diff', file], env);
  expect(same).toEqual({ code: 0, stdout: '', stderr: 'No difference.\n' });
  await session.sql(
    `ALTER TABLE people ALTER name SET DEFAULT E'a\\nb', ADD age int; CREATE INDEX by_name ON people (name)`,
  );
  const differs = await pgdeckHere(['schema', 'diff', file], env);
  expect(differs).toMatchObject({ code: 1, stderr: '' });
  expect(differs.stdout.trimEnd().split('\n')).toEqual([
    '+ column public.people.age: integer',
    '+ index public.people.by_name: CREATE INDEX by_name ON public.people USING btree (name)',
    "~ column public.people.name default: none -> 'a b'::text",
  ]);
  const later = join(home, 'later.json');
  await pgdeckHere(['schema', 'snapshot', '--out', later], env);
  // two files need no server
  const nowhere = { ...env, PGHOST: '/nowhere' };
  const json = await pgdeckHere(['schema', 'diff', later, file, '--json'], nowhere);
  expect(json.code).toBe(1);
  expect(JSON.parse(json.stdout).differences).toMatchObject([
    { kind: 'removed', object: 'column', path: 'public.people.age', attribute: null, before: 'integer' },
    { kind: 'removed', object: 'index' },
    { kind: 'changed', attribute: 'default', after: null },
  ]);
});

test('what cannot be read is refused, and a server that is not there has its own exit code', async () => {
  const missing = await pgdeckHere(['schema', 'diff', join(home, 'none.json')], env);
  expect(missing.code).toBe(2);
  expect(missing.stderr).toContain(
    'none.json cannot be read (ENOENT). Make one with: pgdeck schema snapshot',
  );
  writeFileSync(join(home, 'bad.json'), '{"formatVersion": 9}');
  const newer = await pgdeckHere(['schema', 'diff', join(home, 'bad.json')], env);
  expect(newer.code).toBe(2);
  expect(newer.stderr).toContain('was made by a newer pgdeck');
  writeFileSync(join(home, 'bad.json'), '[]');
  expect((await pgdeckHere(['schema', 'diff', join(home, 'bad.json')], env)).stderr).toMatch(
    /is no snapshot of a schema: Invalid input: expected object, received array\. Make one with: /,
  );
  const unwritable = await pgdeckHere(['schema', 'snapshot', '--out', join(home, 'none', 'x.json')], env);
  expect(unwritable).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/x\.json cannot be written \(ENOENT\)\. Name another file with --out\.\n$/),
  });
  expect((await pgdeckHere(['schema', 'snapshot'], { ...env, PGHOST: '/nowhere' })).code).toBe(3);
});

test('a table that somebody has locked: it ends with what to do', async () => {
  const session = await client(db.target());
  await session.sql('CREATE TABLE locked (id int); CREATE VIEW of_locked AS SELECT * FROM locked');
  await session.sql('BEGIN');
  await session.sql('LOCK TABLE locked IN ACCESS EXCLUSIVE MODE');
  const { code, stderr } = await pgdeckHere(['schema', 'snapshot'], {
    ...env,
    PGOPTIONS: '-c lock_timeout=200ms',
  });
  await session.sql('ROLLBACK');
  expect(code).toBe(1);
  expect(stderr).toMatch(/See who holds the lock with: pgdeck show locks\. Then try again\.\n$/);
});
