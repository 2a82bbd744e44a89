import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../../../src/db/session.ts';
import { liveTables } from '../../../../../src/ops/restore/queries/tables.ts';
import { MODES, type Mode } from '../../../../../src/ops/restore/tables/plan.ts';
import {
  applying,
  opening,
  previewing,
  type Task,
} from '../../../../../src/ops/restore/tables/sql/script.ts';
import { taskOf, unitOf } from '../../../../../src/ops/restore/tables/task.ts';
import type { Unit } from '../../../../../src/ops/restore/tables/unit.ts';
import { model, type Result, type Row, refersWell } from '../../../../ops/restore/tables/model.ts';
import { client, testDatabase } from '../../../../support/cluster.ts';
import { random } from '../../../../text/random.ts';

const CASES = 240;
const NAMES = ['a', 'b'] as const;

let database: Awaited<ReturnType<typeof testDatabase>>;
let session: Session;

beforeAll(async () => {
  database = await testDatabase();
  session = await client(database.target());
  await session.sql(`
    CREATE TABLE a (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text, u integer UNIQUE, ref integer,
      twice text GENERATED ALWAYS AS (v || v) STORED);
    CREATE TABLE b (id bigint, v text, u integer, ref integer REFERENCES a, PRIMARY KEY (id)) PARTITION BY RANGE (id);
    CREATE TABLE b_low PARTITION OF b FOR VALUES FROM (MINVALUE) TO (4);
    CREATE TABLE b_high (v text, ref integer, u integer, id bigint NOT NULL);
    ALTER TABLE b ATTACH PARTITION b_high FOR VALUES FROM (4) TO (MAXVALUE);
    ALTER TABLE a ADD CONSTRAINT "a to b" FOREIGN KEY (ref) REFERENCES b;
    CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'a trigger fired'; END $$;
    CREATE TRIGGER "No!" BEFORE INSERT OR UPDATE OR DELETE ON a FOR EACH ROW EXECUTE FUNCTION no();
    CREATE TRIGGER no BEFORE INSERT OR UPDATE OR DELETE ON b FOR EACH ROW EXECUTE FUNCTION no()`);
});
afterAll(() => database.drop());

type Rows = Record<(typeof NAMES)[number], readonly Row[]>;

/** Two tables that refer to each other, and to nothing that is not there. */
function someRows(below: (n: number) => number): Rows {
  const ids = { a: choose(below), b: choose(below) };
  const rows = (name: 'a' | 'b', parents: readonly number[]): Row[] => {
    const values = shuffled([1, 2, 3, 4, 5, 6, 7, 8], below);
    return ids[name].map((id, at) => ({
      id,
      v: ['x', 'y', 'ü'][below(3)] ?? '',
      u: below(3) === 0 ? null : (values[at] ?? null),
      ref: below(2) === 0 ? null : (parents[below(parents.length)] ?? null),
    }));
  };
  return { a: rows('a', ids.b), b: rows('b', ids.a) };
}

function choose(below: (n: number) => number): number[] {
  return [1, 2, 3, 4, 5, 6].filter(() => below(2) === 0);
}

function shuffled(values: number[], below: (n: number) => number): number[] {
  return values
    .map((value) => ({ value, by: below(1000) }))
    .sort((x, y) => x.by - y.by)
    .map(({ value }) => value);
}

function values(rows: readonly Row[]): string {
  return rows.map(({ id, v, u, ref }) => `(${id}, '${v}', ${u}, ${ref})`).join(', ');
}

async function put(rows: Rows, states: Record<string, string>): Promise<void> {
  const insert = (name: string, into: readonly Row[]) =>
    into.length === 0
      ? ''
      : `INSERT INTO ${name} (id, v, u, ref) OVERRIDING SYSTEM VALUE VALUES ${values(into)};`;
  await session.sql(`
    BEGIN; SET LOCAL session_replication_role = replica;
    ALTER TABLE a DISABLE TRIGGER USER; ALTER TABLE b DISABLE TRIGGER USER;
    DELETE FROM a; DELETE FROM b; ${insert('a', rows.a)} ${insert('b', rows.b)}
    ALTER TABLE a ${states.a} TRIGGER "No!"; ALTER TABLE b ${states.b} TRIGGER no; COMMIT`);
}

async function held(): Promise<Rows> {
  const read = async (name: string) =>
    (await session.sql(`SELECT id::int, v, u, ref FROM ${name} ORDER BY id`)) as unknown as Row[];
  return { a: await read('a'), b: await read('b') };
}

/** What must be as it was, whatever happens. */
async function catalog(): Promise<unknown> {
  return session.sql(`
    SELECT format('%s %s %s', tgrelid::regclass, tgname, tgenabled) AS it FROM pg_trigger WHERE tgconstraint = 0
    UNION ALL SELECT format('%s %s', conrelid::regclass, pg_get_constraintdef(oid)) FROM pg_constraint WHERE contype = 'f'
    UNION ALL SELECT attidentity::text FROM pg_attribute WHERE attrelid = 'a'::regclass AND attname = 'id' ORDER BY 1`);
}

async function taskFor(names: readonly string[], mode: Mode): Promise<Task> {
  const live = await session.run(
    liveTables,
    names.map((name) => ({ schema: 'public', name })),
  );
  const units = live.map((table, at): Unit => {
    const { schema, name } = table;
    const columns = ['id', 'v', 'u', 'ref'];
    const block = {
      table: { schema, name, partitioned: false, parent: undefined, data: undefined },
      place: { raw: '' },
      encoding: undefined,
      columns,
    };
    return unitOf({ key: name, schema, name, shown: name, blocks: [block], rows: null }, table, at + 1, true);
  });
  return (await taskOf(session, units, [], mode)).task;
}

type Counts = Record<string, number>;

/** Runs a script statement by statement, as psql would; what it tells, by `count table`. */
async function perform(task: Task, backup: Rows, closing: readonly string[]): Promise<Counts> {
  const counts: Counts = {};
  const rows = task.units.flatMap(({ name, staging }) => {
    const own = backup[name as 'a' | 'b'];
    return own.length === 0 ? [] : [`INSERT INTO ${staging} (id, v, u, ref) VALUES ${values(own)}`];
  });
  const seen = `INSERT INTO pg_temp.pgdeck_seen SELECT generate_series(0, ${task.units.length})`;
  try {
    // sent at once: what follows a failure fails too, and says so
    const answers = await Promise.allSettled(
      [...opening(task, true), ...rows, seen, ...closing].map((statement) => session.sql(statement)),
    );
    for (const answer of answers) {
      if (answer.status === 'rejected') throw answer.reason;
      const { mark, count, at, value } = answer.value[0] ?? {};
      if (mark !== 'pgdeck' || ['transaction', 'stuck', 'clash'].includes(String(count))) continue;
      const name = `${count} ${task.units[Number(at)]?.name}`;
      counts[name] = (counts[name] ?? 0) + Number(value);
    }
    return counts;
  } finally {
    await session.sql('ROLLBACK; RESET ALL');
  }
}

test(`${CASES} random tables in every mode, against what the modes mean`, async () => {
  const outcomes = { done: 0, clash: 0, reference: 0 };
  const below = random(20_261_120);
  for (let at = 0; at < CASES; at++) {
    const mode = MODES[at % 3] ?? 'merge';
    const names = NAMES.filter((_, bit) => ((1 + ((at % 7) % 3)) >> bit) & 1);
    const [live, backup] = [someRows(below), someRows(below)];
    const state = () => ['ENABLE', 'ENABLE ALWAYS', 'ENABLE REPLICA', 'DISABLE'][below(4)] ?? '';
    await put(live, { a: state(), b: state() });
    const before = await catalog();
    const task = await taskFor(names, mode);
    const wanted = names.map((name) => ({
      name,
      // only one of the two has a key besides its primary one
      result: model(
        name === 'a' ? live.a : live.b.map((row) => ({ ...row, u: null })),
        name === 'a' ? backup.a : backup.b.map((row) => ({ ...row, u: null })),
        mode,
      ),
    }));
    const said = `case ${at}: ${mode} of ${names}, ${JSON.stringify({ live, backup })}`;
    const results = new Map(wanted.map(({ name, result }) => [name, result]));
    const final = Object.fromEntries(
      NAMES.map((name) => [name, rowsAfter(results.get(name), name, live, backup, mode)]),
    ) as Rows;
    const foretold = await perform(task, backup, previewing(task, task.units.length));
    expect(await held(), said).toEqual(live);

    let failure: string | undefined;
    let done: Counts = {};
    try {
      done = await perform(task, backup, applying(task, task.units.length));
    } catch (error) {
      failure = (error as Error).message;
    }
    expect(await catalog(), said).toEqual(before);
    const clash = results.get('a') === 'clash';
    const dangling = !refersWell(final.a, final.b) || !refersWell(final.b, final.a);
    if (failure === undefined) {
      expect({ clash, dangling }, said).toEqual({ clash: false, dangling: false });
      expect(await held(), said).toEqual(final);
      expect(
        await session.sql('SELECT count(*)::int AS n FROM a WHERE twice IS DISTINCT FROM v || v'),
      ).toEqual([{ n: 0 }]);
      expect(foretold, said).toEqual(done);
      outcomes.done++;
    } else {
      expect(await held(), `${said}: ${failure}`).toEqual(live);
      const reference = failure.includes('violates foreign key');
      if (!reference) expect(failure, said).toContain('duplicate key value');
      const expected = reference ? dangling || clash : clash;
      expect(expected, `${said}: ${failure}`).toBe(true);
      outcomes[reference ? 'reference' : 'clash']++;
    }
  }
  // each kind was seen often enough to mean something
  expect(Math.min(...Object.values(outcomes))).toBeGreaterThan(5);
  expect(outcomes.done).toBeGreaterThan(100);
}, 120_000);

/** The rows that the table has at the end; its own where it was not chosen. */
function rowsAfter(
  result: Result | 'clash' | undefined,
  name: 'a' | 'b',
  live: Rows,
  backup: Rows,
  mode: Mode,
): readonly Row[] {
  if (result === undefined || result === 'clash') return live[name];
  if (name === 'a') return result.rows;
  const kept = new Map(live.b.map((row) => [row.id, row]));
  const put = new Map(backup.b.map((row) => [row.id, row]));
  return result.rows.flatMap(
    ({ id }) =>
      (mode === 'skip_existing' ? (kept.get(id) ?? put.get(id)) : (put.get(id) ?? kept.get(id))) ?? [],
  );
}
