import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../../src/db/session.ts';
import { client, type TestDatabase, testDatabase, until } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { carryOut } from '../../engine/run/stage.ts';
import {
  archivesIn,
  broken,
  contextFor,
  planOrphans,
  rowsOf,
  runOrphans,
  stateOf,
  undoRun,
} from '../stage.ts';

let db: TestDatabase;
let session: Session;
const home = temporaryDirectory();
const here = () => contextFor(db.target(), home);
const archive = join(home, 'archive');

beforeAll(async () => {
  db = await testDatabase();
  session = await client(db.target());
});
afterAll(() => db.drop());

async function trigger(table: string, when: string, body: string): Promise<void> {
  await session.sql(
    `CREATE FUNCTION ${table}_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} END $$`,
  );
  await session.sql(`CREATE TRIGGER t ${when} ON ${table} FOR EACH ROW EXECUTE FUNCTION ${table}_f()`);
}

test.each([
  [
    'delete',
    'BEFORE DELETE',
    'IF OLD.id = 7 THEN RETURN NULL; END IF; RETURN OLD;',
    /1 row of public.\w+ stayed/,
  ],
  [
    'delete',
    'AFTER DELETE',
    'INSERT INTO TABLE_ VALUES (OLD.id, OLD.parent, OLD.t); RETURN NULL;',
    /A trigger has put 40 rows into public/,
  ],
  [
    'set-null',
    'BEFORE UPDATE',
    'IF OLD.id = 7 THEN RETURN NULL; END IF; RETURN NEW;',
    /1 row of public.\w+ stayed/,
  ],
  ['set-null', 'BEFORE UPDATE', 'NEW.parent := OLD.parent; RETURN NEW;', /New ones appear|stayed/],
])('%s with a trigger (%s: %s) is rolled back, and ends', async (action, when, body, sentence) => {
  const name = `trig${(await session.sql('SELECT count(*)::int AS n FROM pg_trigger'))[0]?.n}`;
  // without a key, which would keep such rows out
  await broken(session, name, { valid: true });
  await trigger(name, when, body.replace('TABLE_', name));
  await session.sql(
    `ALTER TABLE ${name} ADD CONSTRAINT ${name}_fk FOREIGN KEY (parent) REFERENCES ${name}_parent NOT VALID`,
  );
  if (body.startsWith('INSERT'))
    await session.sql(`ALTER TABLE ${name} DISABLE TRIGGER ALL; ALTER TABLE ${name} ENABLE TRIGGER t`);
  const before = await rowsOf(session, name);
  const context = here();
  const { end } = await runOrphans(context, { table: name, action, archive });
  expect(end.ok).toBe(false);
  expect(end.text).toMatch(sentence);
  if (!body.startsWith('NEW')) {
    expect(await rowsOf(session, name)).toEqual(before);
    expect(end.undo).toBeNull();
    expect(existsSync(archive) ? archivesIn(archive).filter((one) => one.includes(end.run)) : []).toEqual([]);
  }
});

test('a row that others hold is left, and told; the next run takes it', async () => {
  await broken(session, 'held', { lost: 3 });
  const other = await client(db.target());
  await other.sql('BEGIN');
  await other.sql("UPDATE held SET t = 'mine' WHERE id = 2");
  const context = here();
  const { end } = await runOrphans(context, { table: 'held', action: 'delete', archive, wait: 1 });
  expect(end.text).toMatch(/1 row of public.held is locked by other transactions/);
  expect(end).toMatchObject({ ok: false, status: 'failed', undo: `pgdeck undo ${end.run}` });
  // what was done is in a whole archive, and can be taken back
  await other.sql('COMMIT');
  expect(await rowsOf(session, 'held')).toHaveLength(98);
  const back = await undoRun(context, end.run);
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(await rowsOf(session, 'held')).toHaveLength(100);
  const again = await runOrphans(context, { table: 'held', action: 'delete', archive });
  expect(again.end, again.end.text).toMatchObject({ ok: true });
  expect(await rowsOf(session, 'held')).toHaveLength(97);
});

test('a row that is no orphan any more by the time it is locked stays', async () => {
  await broken(session, 'saved', { lost: 5 });
  const plan = await planOrphans(here(), { table: 'saved', action: 'delete', archive });
  await session.sql('INSERT INTO saved_parent VALUES (1001)');
  await session.sql('UPDATE saved SET parent = 1 WHERE id = 2');
  const { end } = await carryOut(plan, here());
  expect(end, end.text).toMatchObject({ ok: true });
  const rows = await rowsOf(session, 'saved');
  expect(rows).toContain('(1,1001,t1)');
  expect(rows).toContain('(2,1,t2)');
  expect(rows).toHaveLength(97);
});

test('rows that somebody hangs on those that go are found under the lock: nothing goes', async () => {
  await broken(session, 'hung', { lost: 5 });
  await session.sql(
    'CREATE TABLE hung_low (mid int CONSTRAINT hung_low_fk REFERENCES hung ON DELETE CASCADE)',
  );
  const context = here();
  const plan = await planOrphans(context, { table: 'hung', action: 'delete', archive });
  await session.sql('INSERT INTO hung_low VALUES (3)');
  const { end } = await carryOut(plan, context);
  expect(end.text).toMatch(/1 row of public.hung_low refers to rows of public.hung that were to go/);
  expect([await rowsOf(session, 'hung_low'), (await rowsOf(session, 'hung')).length]).toEqual([['(3)'], 100]);
});

test('an archive that is full or may not be written: nothing goes that is not in it', async () => {
  await broken(session, 'filled', { rows: 3000, lost: 2500 });
  const context = here();
  const place = join(home, 'full');
  mkdirSync(place);
  const plan = await planOrphans(context, { table: 'filled', action: 'delete', archive: place });
  // a directory takes the name of the second part
  const { end } = await carryOut(plan, context, {
    onEvent: (event) => {
      if (event.type !== 'progress') return;
      const [directory = ''] = archivesIn(place);
      for (const n of [2, 3, 4, 5, 6, 7]) {
        const name = join(directory, `00000${n}.csv.gz`);
        if (!existsSync(name)) mkdirSync(name);
      }
    },
  });
  expect(end.ok).toBe(false);
  expect(end.text).toMatch(/The archive of the rows cannot be written/);
  expect(end.undo).toBe(`pgdeck undo ${end.run}`);
  const [{ n } = {}] = await session.sql('SELECT count(*)::int AS n FROM filled WHERE parent > 1000');
  expect(Number(n)).toBeGreaterThan(0);
  expect(Number(n)).toBeLessThan(2500);
  const back = await undoRun(context, end.run);
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(await rowsOf(session, 'filled')).toHaveLength(3000);
});

test('cancelled in the middle: what is gone is archived, and undo puts it back', async () => {
  await broken(session, 'stopped', { rows: 6000, lost: 6000 });
  const before = await rowsOf(session, 'stopped');
  const context = here();
  const abort = new AbortController();
  const plan = await planOrphans(context, { table: 'stopped', action: 'delete', archive });
  const { end } = await carryOut(plan, context, {
    signal: abort.signal,
    onEvent: (event) => event.type === 'progress' && abort.abort(),
  });
  expect(end).toMatchObject({ status: 'cancelled', undo: `pgdeck undo ${end.run}` });
  const left = (await rowsOf(session, 'stopped')).length;
  expect(left).toBeLessThan(6000);
  expect(left).toBeGreaterThan(0);
  expect(end.state).toContain(`${(6000 - left).toLocaleString('en-US')} rows of public.stopped are archived`);
  const back = await undoRun(context, end.run);
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(await rowsOf(session, 'stopped')).toEqual(before);
  expect(await stateOf(session, 'stopped_fk')).toBe('not valid');
});

test('a connection that the server ends in the middle: the run fails and says so, and nothing is lost', async () => {
  await broken(session, 'ended', { rows: 6000, lost: 6000 });
  const context = here();
  const plan = await planOrphans(context, { table: 'ended', action: 'delete', archive });
  let ended = false;
  const { end } = await carryOut(plan, context, {
    onEvent: (event) => {
      if (event.type !== 'progress' || ended) return;
      ended = true;
      void session.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pgdeck:%' AND datname = current_database()",
      );
    },
  });
  expect(end.ok).toBe(false);
  await until(
    async () =>
      (
        await session.sql(
          "SELECT FROM pg_stat_activity WHERE application_name LIKE 'pgdeck:%' AND datname = current_database()",
        )
      ).length === 0,
    { what: 'the end of its sessions' },
  );
  const back = await undoRun(context, end.run);
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(await rowsOf(session, 'ended')).toHaveLength(6000);
});

test('a key that came since the plan, and would take rows of its own with these, stops the run', async () => {
  await broken(session, 'since', { lost: 5 });
  const context = here();
  const plan = await planOrphans(context, { table: 'since', action: 'delete', archive });
  await session.sql(
    'CREATE TABLE since_low (since int CONSTRAINT since_low_fk REFERENCES since ON DELETE CASCADE)',
  );
  await session.sql('INSERT INTO since_low VALUES (1), (2), (99)');
  const { end } = await carryOut(plan, context);
  expect(end.ok).toBe(false);
  expect(end.text).toMatch(
    /since_low_fk of since_low refers to public.since now, and did not when this was planned/,
  );
  expect(await rowsOf(session, 'since_low')).toHaveLength(3);
  expect(await rowsOf(session, 'since')).toHaveLength(100);
});
