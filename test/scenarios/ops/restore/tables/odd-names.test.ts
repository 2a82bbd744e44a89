import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { quoteIdent } from '../../../../../src/db/ident.ts';
import type { Session } from '../../../../../src/db/session.ts';
import type { OpContext } from '../../../../../src/ops/engine/operation.ts';
import { contextOf } from '../../../../ops/engine/run/stage.ts';
import { dump, fingerprint, restore } from '../../../../ops/restore/tables/stage.ts';
import { client, testDatabase } from '../../../../support/cluster.ts';
import { temporaryDirectory } from '../../../../support/program.ts';

const directory = temporaryDirectory();
let database: Awaited<ReturnType<typeof testDatabase>>;
let session: Session;
let context: OpContext;

const NAMES = [
  'a\nb',
  'a b',
  'a"b\\c',
  ' x ',
  'c\rd',
  'e\tf',
  'f\u2028g',
  'é',
  'g FROM stdin;\nCOPY h',
  '";\nDROP',
  "a'b; Type: TABLE; Schema: q",
];

beforeAll(async () => {
  database = await testDatabase();
  session = await client(database.target());
  for (const name of NAMES) {
    const table = quoteIdent(name);
    await session.sql(
      `CREATE TABLE ${table} (${quoteIdent(`${name}id`)} serial PRIMARY KEY, ${quoteIdent(`${name}\n(é`)} text);
       INSERT INTO ${table} (${quoteIdent(`${name}\n(é`)}) VALUES ('COPY'), ('ä'), (E'1\\n\\\\.\\n')`,
    );
    await session.sql(`COMMENT ON TABLE ${table} IS 'its comment'`);
  }
  context = contextOf(database.target(), directory);
});
afterAll(async () => {
  await context.close();
  await database.drop();
});

test.each([
  ['custom', ['-Fc']],
  ['directory', ['-Fd']],
  ['plain', ['-Fp']],
  ['custom in LATIN1', ['-Fc', '-E', 'LATIN1']],
  ['plain in LATIN1', ['-Fp', '-E', 'LATIN1']],
])(
  'tables with line breaks and the like in their names are chosen, and made again: %s',
  async (name, args) => {
    const latin1 = args.includes('LATIN1');
    // which it does not have
    const names = latin1 ? NAMES.filter((one) => !one.includes('\u2028')) : NAMES;
    if (latin1) await session.sql('DROP TABLE IF EXISTS "f\u2028g"');
    const before = await fingerprint(session);
    const backup = await dump(database.target(), join(directory, name), args);
    const [gone = '', ...rest] = names;
    for (const one of rest)
      await session.sql(`UPDATE ${quoteIdent(one)} SET ${quoteIdent(`${one}\n(é`)} = 'x'`);
    await session.sql(`DROP TABLE ${quoteIdent(gone)}`);
    const { end, done, foretold } = await restore(context, backup, names, 'replace');
    expect(end, end.text).toMatchObject({ status: 'done' });
    expect(Object.keys(foretold)).toEqual(Object.keys(done ?? {}));
    const rows = await session.sql(`SELECT * FROM ${quoteIdent(gone)} ORDER BY 1`);
    expect(rows.map((row) => row[`${gone}\n(é`])).toEqual(['COPY', 'ä', '1\n\\.\n']);
    expect(JSON.parse(await fingerprint(session))[0]).toEqual(JSON.parse(before)[0]);
    const comment = await session.sql('SELECT obj_description($1::regclass) AS said', [quoteIdent(gone)]);
    expect(comment).toEqual([{ said: 'its comment' }]);
  },
);

test.each([['-Fc'], ['-Fp']])('what the body of a function says is no definition: %s', async (format) => {
  const table = 'CREATE TABLE public.planted (id int);\n\nCREATE TABLE public.proof (id int);';
  const body = `--\n-- Name: planted; Type: TABLE; Schema: public; Owner: postgres\n--\n\n${table}\n\n--\n-- Name: x; Type: X; Schema: -; Owner: -\n--\n`;
  const odd = 'COPY public.planted (id) FROM stdin;\n1\n\\.\n';
  await session.sql('CREATE TABLE planted (id int); INSERT INTO planted VALUES (7)');
  await session.sql(
    `CREATE FUNCTION plants() RETURNS int LANGUAGE plpgsql AS $x$ /*\n${body}${odd}*/ BEGIN END $x$`,
  );
  const backup = await dump(database.target(), join(directory, `planted${format}`), [format]);
  await session.sql('DROP TABLE planted');
  const { end } = await restore(context, backup, ['planted'], 'replace');
  expect(end, end.text).toMatchObject({ status: 'done' });
  expect(await session.sql("SELECT to_regclass('public.proof') AS proof")).toEqual([{ proof: null }]);
  expect(await session.sql('SELECT id FROM planted')).toEqual([{ id: 7 }]);
  await session.sql('DROP TABLE planted; DROP FUNCTION plants');
});

test('no table is made of a text whose rows are INSERT statements: not without them, and not as a value of theirs says', async () => {
  const planted = 'DO $x$ BEGIN CREATE SCHEMA planted; END $x$;';
  const heading = (name: string) =>
    `--\n-- Name: ${name}; Type: TABLE; Schema: public; Owner: postgres\n--\n\n`;
  await session.sql('CREATE TABLE victim (id int); INSERT INTO victim VALUES (1)');
  await session.sql(
    `CREATE TABLE notes (v text); INSERT INTO notes VALUES ($v$x\n${heading('victim')}${planted}\n\n${heading('q')}-- $v$)`,
  );
  const backup = await dump(database.target(), join(directory, 'inserts.sql'), ['--inserts']);
  await session.sql('DROP TABLE victim');
  await expect(restore(context, backup, ['victim'], 'replace')).rejects.toThrow(
    'because its rows are INSERT statements',
  );
  expect(await session.sql("SELECT to_regnamespace('planted') AS planted")).toEqual([{ planted: null }]);
  await session.sql('DROP TABLE notes');
});

test('lines of a comment that look like rows, or like the content of a large object, stay in it', async () => {
  await session.sql('CREATE TABLE victim (id int); INSERT INTO victim VALUES (7)');
  const said = "a\nSELECT pg_catalog.lowrite(0, 'b\nINSERT INTO victim VALUES ('c";
  await session.sql(`COMMENT ON TABLE victim IS $c$${said}$c$`);
  const backup = await dump(database.target(), join(directory, 'lines.sql'), []);
  await session.sql('DROP TABLE victim');
  const { end } = await restore(context, backup, ['victim'], 'replace');
  expect(end, end.text).toMatchObject({ status: 'done' });
  expect(await session.sql("SELECT obj_description('victim'::regclass) AS said")).toEqual([{ said }]);
  await session.sql('DROP TABLE victim');
});
