import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { focusedView, selectedRow, shownRows } from '../../../src/app/views/select.ts';
import { connect, type Session } from '../../../src/db/client.ts';
import { planLines } from '../../../src/db/explain/lines.ts';
import { explain, unexplainable } from '../../../src/db/explain.ts';
import { lineText } from '../../../src/text/line.ts';
import { client, serverTarget, type TestDatabase, testDatabase, until } from '../../support/cluster.ts';
import { type Begun, begin } from '../begin.ts';
import { Stage } from '../stage.ts';

let db: TestDatabase;
let stage: Stage;
let control: Session;
const running: Begun[] = [];

beforeAll(async () => {
  db = await testDatabase();
  control = await connect(db.target(), 'control', 'pgdeck-control');
  const owner = await client(db.target());
  await owner.sql('CREATE TABLE t AS SELECT 1 AS id');
  await owner.sql('CREATE TABLE traces (what text)');
  await owner.sql(
    `CREATE FUNCTION trace(what text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN
       RAISE NOTICE 'ran %', what; RETURN 1; END $$`,
  );
  stage = await new Stage(db.target()).start();
  stage.keys('2');
});

beforeEach(async () => {
  stage.keys('esc');
  for (const { end } of running.splice(0)) await end();
});

afterAll(async () => {
  for (const { end } of running.splice(0)) await end();
  await stage?.stop();
  await control?.close();
  await db?.drop();
});

/** A session that runs this text, selected in the list. */
async function runs(sql: string, database = db.database): Promise<void> {
  const begun = await begin(control, { ...db.target(), database }, sql);
  running.push(begun);
  stage.filter(String(begun.pid));
  await stage.seconds(() => {
    const { rows } = shownRows(focusedView(stage.deck.state), stage.deck.model, stage.deck.state);
    return rows.length === 1 && (rows[0] as { state: string }).state === 'active';
  }, 'the session');
  expect(selectedRow(stage.deck.model, stage.deck.state)).toMatchObject({ pid: begun.pid });
}

async function plan(): Promise<{ lines: readonly string[]; problem: string | undefined }> {
  stage.keys('e');
  return until(
    () => {
      const { plan, problem } = stage.overlay('explain');
      const lines = plan === undefined ? [] : planLines(plan, 80).map(lineText);
      return plan || problem !== undefined ? { lines, problem } : undefined;
    },
    { what: 'a plan' },
  );
}

test('the plan of what a session runs', async () => {
  await runs('SELECT pg_sleep(600), id FROM t');
  const { lines, problem } = await plan();
  expect(problem).toBeUndefined();
  expect(lines.join('\n')).toMatch(/ Seq Scan on t$/m);
  expect(lines.join('\n')).not.toContain('REAL');
});

test('a text of two statements is refused by the server, and none of them runs', async () => {
  const { lines, problem } = await (async () => {
    await runs('SELECT pg_sleep(600); DROP TABLE t');
    return plan();
  })();
  expect(lines).toEqual([]);
  expect(problem).toMatch(/^EXPLAIN failed: .*cannot insert multiple commands/);
  expect(await control.sql("SELECT to_regclass('public.t')::text AS t")).toEqual([{ t: 'public.t' }]);
});

test('a text that was cut off is not explained', async () => {
  await runs(`SELECT pg_sleep(600) /* ${'库'.repeat(400)} */ FROM t`);
  expect((await plan()).problem).toContain('cut off at track_activity_query_size');
});

test('a statement of another database says so', async () => {
  await runs('SELECT pg_sleep(600)', serverTarget().database);
  stage.keys('e');
  expect(stage.deck.state.overlay).toBeUndefined();
  expect(stage.deck.state.toast?.text).toContain(
    `it runs in postgres, and this console is connected to ${db.database}`,
  );
});

test('an error of the statement is one sentence, and the session goes on', async () => {
  await expect(explain(control, 'SELECT * FROM nowhere')).rejects.toMatchObject({
    message: expect.stringMatching(/^EXPLAIN failed: .*"nowhere" does not exist/),
  });
  expect(await control.sql('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  await expect(explain(control, 'DELETE FROM t')).resolves.toEqual([
    expect.stringMatching(/^Delete on t/),
    expect.anything(),
  ]);
  expect(await control.sql('SELECT count(*)::int AS n FROM public.t')).toEqual([{ n: 1 }]);
});

test.each([
  ['a nested comment', '/* /* */ select */ analyze select trace($q$nested$q$)'],
  ['a line that ends early', '-- \ranalyze values (trace($q$line$q$)) union --\nselect 1'],
])('nobody smuggles an ANALYZE in behind %s', async (_, text) => {
  const session = await connect(db.target(), 'control', 'pgdeck-control');
  const notices: string[] = [];
  session.onNotice(({ message }) => notices.push(message));
  // our own look at the text is deceived
  expect(unexplainable(text)).toBeUndefined();
  await expect(explain(session, text)).rejects.toThrow(/syntax error/);
  await session.close();
  expect(notices).toEqual([]);
});

test('a text with parameters is planned for none of their values, and leaves nothing prepared', async () => {
  const text = `SELECT '$7', "$8", $$ $9 $$ FROM (SELECT 1 AS "$8") s -- $4
    WHERE EXISTS (SELECT FROM pg_class WHERE oid = $1 AND relname = $2) /* $5 */`;
  expect((await explain(control, text)).join('\n')).toMatch(/Index.*pg_class[\s\S]*oid = \$1/);
  await expect(explain(control, 'SELECT $1; DROP TABLE t')).rejects.toThrow(/multiple commands/);
  await expect(explain(control, 'SELECT $1 FROM nowhere')).rejects.toThrow(/"nowhere" does not exist/);
  const prepared = await control.sql('SELECT name FROM pg_prepared_statements WHERE name ~ $1', ['explain']);
  expect(prepared.filter(({ name }) => String(name).startsWith('pgdeck_'))).toEqual([]);
});

test('no other question of the session gets into the transaction', async () => {
  const questions = [
    explain(control, 'SELECT * FROM t'),
    control.sql('SELECT now() = statement_timestamp() AS own'),
  ] as const;
  const [, own] = await Promise.all(questions);
  expect(own).toEqual([{ own: true }]);
  const failing = explain(control, 'SELECT * FROM nowhere').catch(() => {});
  expect(await control.sql('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  await failing;
});

test.each([
  ['', 'There is no query text.'],
  ['VACUUM t', 'Only SELECT, INSERT'],
  ['select $1', undefined],
  ['-- why\n/* not */ With x AS (SELECT 1) TABLE x', undefined],
])('unexplainable(%j)', (text, expected) => {
  const reason = unexplainable(text);
  if (expected === undefined) expect(reason).toBeUndefined();
  else expect(reason).toContain(expected);
});
