import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { OpContext } from '../../../src/ops/engine/operation.ts';
import { undo } from '../../../src/ops/engine/undo.ts';
import { carryOut, contextOf } from '../engine/run/stage.ts';
import { concerns, type Done, done, planned, takenBack } from '../role/stage.ts';
import { destination, sqliteFile } from './stage.ts';

const { home, sql, target, here, report, reported } = destination();
/** The first column of each row. */
const lines = async (text: string) => (await sql(text)).map((row) => String(Object.values(row)[0]));
const bring = (text: string, more: Record<string, unknown> = {}): Promise<Done> =>
  done('import sqlite', { file: sqliteFile(text), report: report(), ...more }, here());
const plan = (text: string, more: Record<string, unknown> = {}) =>
  planned('import sqlite', { file: sqliteFile(text), ...more }, here());
const rejects = () =>
  readFileSync(`${reported()}.rejects.jsonl`, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

const SHOP = `
  CREATE TABLE "Customers" (id INTEGER PRIMARY KEY AUTOINCREMENT, mail VARCHAR(20) NOT NULL COLLATE NOCASE UNIQUE,
    active BOOLEAN NOT NULL DEFAULT 1, created DATETIME DEFAULT CURRENT_TIMESTAMP, note TEXT DEFAULT 'it''s');
  CREATE TABLE empty_one (id INTEGER PRIMARY KEY AUTOINCREMENT, n INT DEFAULT (1 + 1));
  CREATE TABLE "order" (nr INT, "line no" INT, customer INTEGER REFERENCES "Customers" ON DELETE CASCADE,
    price DECIMAL(10,2) CHECK (price > 0), qty INT NOT NULL DEFAULT 1, total GENERATED ALWAYS AS (price * qty) STORED,
    half INT AS (qty / 2), PRIMARY KEY (nr, "line no")) WITHOUT ROWID;
  CREATE INDEX live ON "Customers" (created DESC) WHERE active = 1;
  CREATE UNIQUE INDEX by_lower ON "Customers" (lower(mail), id);
  CREATE INDEX by_func ON "Customers" (strftime('%Y', created));
  CREATE VIEW v AS SELECT 1; CREATE TRIGGER tr AFTER INSERT ON empty_one BEGIN SELECT 1; END;
  INSERT INTO "Customers" VALUES (1, 'a@b.c', 1, 1700000000, 'tab	and \\ and "'), (7, 'Ä@b.c', 'no', '2024-01-01T10:00:00Z', NULL),
    (8, 'c', 0, 1700000000123, '');
  DELETE FROM "Customers" WHERE id = 8;
  INSERT INTO "order" (nr, "line no", customer, price, qty) VALUES (1, 1, 1, 1.5, 3), (1, 2, 7, 2, 1);`;

test('tables, types, keys, checks, defaults and numbers come over; what does not is told', async () => {
  const { plan: planned, end, events } = await bring(SHOP);
  expect(end, end.text).toMatchObject({ ok: true });
  expect(planned).toMatchObject({ danger: 'type-name', subject: target().database });
  expect(await sql('SELECT id, mail, active, created::text, note FROM "Customers" ORDER BY id')).toEqual([
    { id: '1', mail: 'a@b.c', active: true, created: '2023-11-14 22:13:20+00', note: 'tab\tand \\ and "' },
    { id: '7', mail: 'Ä@b.c', active: false, created: '2024-01-01 10:00:00+00', note: null },
  ]);
  expect(await sql('SELECT nr, "line no", price::text, total::text, half FROM "order" ORDER BY 2')).toEqual([
    { nr: '1', 'line no': '1', price: '1.50', total: '4.5', half: '1' },
    { nr: '1', 'line no': '2', price: '2.00', total: '2', half: '0' },
  ]);
  expect(
    await lines(
      `SELECT a.attrelid::regclass::text || '.' || attname || ' ' || format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END
         || coalesce(' ' || nullif(attgenerated::text || attidentity::text, ''), '') || coalesce(' ' || pg_get_expr(adbin, adrelid), '')
       FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = attrelid AND d.adnum = attnum
       JOIN pg_class c ON c.oid = attrelid AND relkind = 'r' AND relnamespace = 'public'::regnamespace WHERE attnum > 0 ORDER BY c.oid, attnum`,
    ),
  ).toEqual([
    '"Customers".id bigint NOT NULL d',
    '"Customers".mail character varying(20) NOT NULL',
    '"Customers".active boolean NOT NULL true',
    '"Customers".created timestamp with time zone CURRENT_TIMESTAMP',
    `"Customers".note text 'it''s'::text`,
    'empty_one.id bigint NOT NULL d',
    'empty_one.n bigint (1 + 1)',
    '"order".nr bigint NOT NULL',
    '"order".line no bigint NOT NULL',
    '"order".customer bigint',
    '"order".price numeric(10,2)',
    `"order".qty bigint NOT NULL '1'::bigint`,
    '"order".total double precision s (price * (qty)::numeric)',
    '"order".half bigint s (qty / 2)',
  ]);
  expect(
    await lines(
      `SELECT conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n' ORDER BY conname COLLATE "C"`,
    ),
  ).toEqual([
    'Customers_mail_key UNIQUE (mail)',
    'Customers_pkey PRIMARY KEY (id)',
    'empty_one_pkey PRIMARY KEY (id)',
    'order_customer_fkey FOREIGN KEY (customer) REFERENCES "Customers"(id) ON DELETE CASCADE',
    'order_pkey PRIMARY KEY (nr, "line no")',
    'order_price_check CHECK ((price > (0)::numeric))',
  ]);
  expect(
    await lines(
      `SELECT regexp_replace(indexdef, ' ON public.* btree', '') FROM pg_indexes WHERE schemaname = 'public' AND indexname !~ 'key$' ORDER BY indexname`,
    ),
  ).toEqual([
    'CREATE UNIQUE INDEX by_lower (lower((mail)::text), id)',
    'CREATE INDEX live (created DESC) WHERE (active = true)',
  ]);
  const told = events.flatMap((event) => (event.type === 'result' ? [event.table] : []));
  expect(told.map(({ title }) => title)).toEqual(['Compared', 'Numbers', 'Not carried over']);
  expect(told[1]?.rows).toEqual([
    ['Customers.id', '9'],
    ['empty_one.id', '1'],
  ]);
  expect(told[2]?.rows.map((row) => row.slice(0, 3))).toEqual([
    ['Customers', 'index by_func', 'the function strftime() of SQLite'],
    ['', 'view v', 'it has to be written anew'],
    ['', 'trigger tr', 'it has to be written anew'],
  ]);
  expect(await sql('INSERT INTO "Customers" (mail) VALUES (\'new\') RETURNING id, note')).toEqual([
    { id: '9', note: "it's" },
  ]);
  await expect(sql('INSERT INTO "Customers" (mail) VALUES (\'NEW\')')).rejects.toThrow(/duplicate key/);
});

test('the report is written for people and for programs, and nothing lies in the directory besides', async () => {
  const { end, lines: told } = await bring('CREATE TABLE t (a, b); INSERT INTO t VALUES (1, NULL), (2, 5)');
  expect(end.ok, end.text).toBe(true);
  const name = basename(reported());
  expect(
    readdirSync(home)
      .filter((one) => one.startsWith(name))
      .sort(),
  ).toEqual([`${name}.json`, `${name}.md`]);
  expect(JSON.parse(readFileSync(join(home, `${name}.json`), 'utf8'))).toMatchObject({
    ...{ rows: 2, rejects_file: null },
    tables: [{ name: 't', rows: 2, cells_compared: 4, rejects: 0, nulls: { a: 0, b: 1 } }],
  });
  expect(readFileSync(join(home, `${name}.md`), 'utf8')).toMatch(/\| t \| 2 \| 4 \| 0 \|/);
  expect(told.at(-1)).toMatch(/DATABASE_URL=postgresql:\/\/[^:]+@/);
});

const BAD = `CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, at DATETIME, doc JSON);
  INSERT INTO t VALUES (1, 5, '2024-01-01', '{}'), (2, '12,5', NULL, NULL), (3, 7, '2026-13-45', '{"a": 1'), (4, NULL, '', NULL)`;

test('values without a place are named with their keys, and nothing is done without a word on them', async () => {
  const refused = await plan(BAD);
  expect(concerns(refused)).toEqual([
    expect.stringMatching(
      /^block Values: 4 values have no place .*: t\.n, t\.at, t\.doc\. Leave the rows out \(--reject\)/,
    ),
  ]);
  expect(refused.tables?.find(({ title }) => title === 'Values without a place')?.rows).toEqual([
    ['t.n', '2', "'12,5'", 'text that is no integer (bigint)'],
    ['t.at', '3', "'2026-13-45'", 'a day that there is not (timestamp with time zone)'],
    ['t.at', '4', "''", 'an empty text, which is no time (timestamp with time zone)'],
    ['t.doc', '3', `'{"a": 1'`, 'a text that is no JSON (jsonb)'],
  ]);
});

test.each([
  ['reject', [['1', '5', '2024-01-01 00:00:00+00', '{}']], 4],
  [
    'null',
    [
      ['1', '5', '2024-01-01 00:00:00+00', '{}'],
      ['2', null, null, null],
      ['3', '7', null, null],
      ['4', null, null, null],
    ],
    4,
  ],
  [
    'keep_text',
    [
      ['1', '5', '2024-01-01', '{}'],
      ['2', '12,5', null, null],
      ['3', '7', '2026-13-45', '{"a": 1'],
      ['4', null, '', null],
    ],
    0,
  ],
] as const)('%s: what becomes of them', async (how, rows, told) => {
  const { end } = await bring(BAD, { [how]: true });
  expect(end, end.text).toMatchObject({ ok: true });
  expect(
    (await sql('SELECT id::text, n::text, at::text, doc::text FROM t ORDER BY t.id')).map(Object.values),
  ).toEqual(rows);
  if (told === 0) expect(existsSync(`${reported()}.rejects.jsonl`)).toBe(false);
  else
    expect(rejects()).toContainEqual({
      ...{ table: 't', key: '3', column: 'at', value: "'2026-13-45'", reason: 'a day that there is not' },
      done: how === 'null' ? 'NULL instead' : 'row left out',
    });
});

test('what a column becomes can be said, and left out a table', async () => {
  const text =
    'CREATE TABLE "User" (id INT, created INT); INSERT INTO "User" VALUES (1, 1700000000123); CREATE TABLE x (a)';
  const { end } = await bring(text, { map: ['user.created=epoch_ms', 'User.id = varchar(4)'], skip: ['X'] });
  expect(end.ok, end.text).toBe(true);
  expect(await sql('SELECT id, created::text, to_regclass(\'public.x\')::text AS x FROM "User"')).toEqual([
    { id: '1', created: '2023-11-14 22:13:20.123+00', x: null },
  ]);
  for (const [map, said] of [
    ['User.made=text', /no column User\.made/],
    ['User.created=money', /says of no column/],
    ['created', /says of no column/],
  ] as const)
    await expect(plan(text, { map: [map] })).rejects.toThrow(said);
  await expect(plan(text, { skip: ['users'] })).rejects.toThrow(/no table users/);
  await expect(plan(text, { zone: 'Mars' })).rejects.toThrow(/no time zone/);
});

test('a failure leaves nothing, and undo drops what was made as long as it is that', async () => {
  const { end } = await bring(SHOP, { schema: 'app' });
  expect(end.ok, end.text).toBe(true);
  expect(await sql("SELECT count(*)::int AS n FROM pg_tables WHERE schemaname = 'app'")).toEqual([{ n: 3 }]);
  const back = await takenBack(end.run, here());
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(await sql("SELECT to_regnamespace('app')::text AS app")).toEqual([{ app: null }]);
});

test('undo drops no table that has taken the place of one since it was shown', async () => {
  const { end } = await bring('CREATE TABLE t (a); CREATE TABLE u (a)');
  const context = here();
  const back = await undo.plan({ run: end.run }, context);
  await sql('DROP TABLE t; CREATE TABLE t AS SELECT 7 AS mine');
  const taken = await carryOut(back, context);
  expect(taken.end).toMatchObject({ ok: false });
  expect(taken.end.text).toContain('t is another table than the one that was shown. Nothing was changed.');
  expect(await sql('SELECT mine FROM t')).toEqual([{ mine: 7 }]);
  expect(await sql("SELECT to_regclass('public.u')::text AS u")).toEqual([{ u: 'u' }]);
});

test('tables that are there already are not touched', async () => {
  await sql('CREATE TABLE t (a int)');
  expect(concerns(await plan('CREATE TABLE t (a); CREATE TABLE u (a)'))).toEqual([
    expect.stringMatching(/^block Tables: t is there already/),
  ]);
});

test('a report that is there already is not written over', async () => {
  const text = 'CREATE TABLE t (a)';
  await bring(text);
  expect(concerns(await plan('CREATE TABLE u (a)', { report: reported() }))).toEqual([
    expect.stringMatching(/^block Report: There is .*\.md, .*\.json already/),
  ]);
});

test('stopped on its way it leaves nothing', async () => {
  const text = `CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) INSERT INTO t SELECT i, CAST(x'ff' AS TEXT) FROM n;`;
  const stop = new AbortController();
  const context = here();
  const { end } = await carryOut(await plan(text, { null: true, report: report() }), context, {
    signal: stop.signal,
    onEvent: ({ type }) => type === 'progress' && stop.abort(),
  });
  expect(end).toMatchObject({
    ...{ status: 'cancelled', undo: null },
    state: 'Nothing was imported: the database is as it was, and so is the file.',
  });
  expect(await sql("SELECT to_regclass('public.t')::text AS t")).toEqual([{ t: null }]);
  expect(readdirSync(home).filter((one) => one.startsWith(`${basename(reported())}.`))).toEqual([]);
});

test('what restarts the application is told, where the profile knows it', async () => {
  const app = { parts: [{ kind: 'systemctl' as const, units: ['shop'] }], check: undefined };
  const context = contextOf(target(), home, { more: { app } });
  const file = sqliteFile('CREATE TABLE t (a)');
  const { end, lines: told } = await done('import sqlite', { file, report: report() }, context);
  await context.close();
  expect(end.ok, end.text).toBe(true);
  expect(told.at(-1)).toBe('Once it is told so, restart it: systemctl stop shop && systemctl start shop');
});

test('the application is stopped before the file is copied, and started again with what has come', async () => {
  const log = join(home, 'app.log');
  const parts = [
    { kind: 'command' as const, stop: `echo stopped >> ${log}`, start: `echo started >> ${log}` },
  ];
  const context = contextOf(target(), home, { more: { app: { parts, check: undefined } } });
  const file = sqliteFile('CREATE TABLE t (a)');
  const {
    plan: made,
    end,
    lines: told,
  } = await done('import sqlite', { file, report: report(), restart_app: true }, context);
  expect(end.ok, end.text).toBe(true);
  expect(made.steps.map(({ id }) => id)).toEqual(['app-stop', 'import', 'analyze', 'report', 'app-start']);
  expect(readFileSync(log, 'utf8')).toBe('stopped\nstarted\n');
  expect(told.join('\n')).not.toContain('restart it');
  // what fails leaves it running
  const broken = await planned(
    'import sqlite',
    { file, report: report(), schema: 'app', restart_app: true },
    context,
  );
  await sql('CREATE SCHEMA app');
  expect((await carryOut(broken, context)).end.ok).toBe(false);
  expect(readFileSync(log, 'utf8')).toBe('stopped\nstarted\nstopped\nstarted\n');
  await context.close();
  expect(concerns(await plan('CREATE TABLE u (a)', { restart_app: true }))).toEqual([
    expect.stringMatching(/^block Application: The profile does not say what stops and starts it/),
  ]);
});

test('how many rows were looked at is told while a plan is made', async () => {
  let now = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => {
    now += 300;
    return now;
  });
  onTestFinished(() => clock.mockRestore());
  const seen: unknown[] = [];
  const context: OpContext = { ...here(), looking: (amount) => seen.push(amount) };
  const rows = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO';
  await planned(
    'import sqlite',
    {
      file: sqliteFile(
        `CREATE TABLE t (a); ${rows} t SELECT i FROM n; CREATE TABLE u (a); ${rows} u SELECT i FROM n`,
      ),
    },
    context,
  );
  expect(seen).toEqual(
    [2000, 3000, 5000, 6000].map((done) => ({ label: 'rows looked at', done, of: 6000, unit: 'rows' })),
  );
});
