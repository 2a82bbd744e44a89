import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Session } from '../../../../../src/db/session.ts';
import type { OpContext } from '../../../../../src/ops/engine/operation.ts';
import type { Backup } from '../../../../../src/ops/repository/repository.ts';
import { type Mode, tablesPlan } from '../../../../../src/ops/restore/tables/plan.ts';
import { carryOut, contextOf } from '../../../../ops/engine/run/stage.ts';
import { dump, fingerprint, restore } from '../../../../ops/restore/tables/stage.ts';
import { client, testDatabase } from '../../../../support/cluster.ts';
import { everything } from '../../../../support/fixtures/everything.ts';
import { temporaryDirectory } from '../../../../support/program.ts';

const directory = temporaryDirectory();
let database: Awaited<ReturnType<typeof testDatabase>>;
let session: Session;
let context: OpContext;
let backup: Backup;
let untouched: string;

beforeAll(async () => {
  database = await testDatabase();
  session = await client(database.target());
  await everything(session);
  backup = await dump(database.target(), join(directory, 'all.dump'));
  context = contextOf(database.target(), directory);
  untouched = await fingerprint(session);
});
afterAll(async () => {
  await context.close();
  await database.drop();
});

const sql = (text: string) => session.sql(text);
const plan = (tables: readonly string[], mode: Mode, from = backup) =>
  tablesPlan({ tables, mode, safety: false }, context, from);
const details = async (tables: readonly string[], mode: Mode, from = backup) =>
  (await plan(tables, mode, from)).checks
    .filter(({ status }) => status !== 'ok')
    .map(({ status, detail }) => `${status}: ${detail}`);

describe('replace', () => {
  test('brings back what was changed, deleted and added, and nothing fires', async () => {
    await sql(`UPDATE app.customers SET name = 'changed' WHERE id <= 10`);
    await sql('DELETE FROM app.customers WHERE id = 20');
    await sql(`INSERT INTO app.orders (day, region, customer, total) VALUES ('2026-05-05', 'north', 1, 9)`);
    await sql('UPDATE app.numbers SET r = 0 WHERE id = 1005');
    const names = ['app.customers', 'app.orders', 'numbers'];
    const { end, foretold, done } = await restore(context, backup, names, 'replace');
    expect(end).toMatchObject({ status: 'done' });
    expect(done).toEqual({
      'app.customers': ['1', '10', '189', '0'],
      'app.orders': ['4', '0', '696', '1'],
      'app.numbers': ['0', '1', '29', '0'],
    });
    expect(foretold).toEqual(done);
    // the row that was added has used the sequence
    await sql(`SELECT setval('app.orders_id_seq', 700)`);
    expect(await fingerprint(session)).toBe(untouched);
  });

  test('takes names in any script and every format of a dump', async () => {
    const names = [
      '混合 Schéma.用户 表',
      '"we,ird""q"."Mixed Case.UserAccounts"',
      '长'.repeat(21),
      'keyless',
    ];
    const target = database.target();
    const files = [
      backup,
      await dump(target, join(directory, 'all.sql'), []),
      await dump(target, join(directory, 'all.sql.gz'), ['-Z1']),
      await dump(target, join(directory, 'all.d'), ['-Fd', '-j2']),
      await dump(target, join(directory, 'data.dump'), ['-Fc', '-a']),
    ];
    for (const from of files) {
      await sql('DELETE FROM "混合 Schéma"."用户 表"');
      await sql(`UPDATE "we,ird""q"."Mixed Case.UserAccounts" SET "User" = 'x'`);
      await sql(`INSERT INTO app."${'长'.repeat(21)}" VALUES (9)`);
      const { end, done } = await restore(context, from, names.slice(0, 3), 'replace');
      expect(end).toMatchObject({ status: 'done' });
      expect(done).toEqual({
        '"混合 Schéma"."用户 表"': ['4', '0', '0', '0'],
        '"we,ird""q"."Mixed Case.UserAccounts"': ['0', '9', '0', '0'],
        [`app."${'长'.repeat(21)}"`]: ['0', '0', '2', '1'],
      });
      expect(await fingerprint(session)).toBe(untouched);
    }
  });

  test('puts a circle of foreign keys back, and the keys as they were', async () => {
    await sql('UPDATE app.departments SET boss = NULL');
    await sql('DELETE FROM app.employees');
    await sql('DELETE FROM app.departments');
    await sql(`INSERT INTO app.departments VALUES (7, 'store', NULL)`);
    await sql(`INSERT INTO app.employees VALUES (1, 'x', 7, NULL), (70, 'y', 7, 1)`);
    const { consequence, steps } = await plan(['employees', 'departments'], 'replace');
    expect(consequence).toContain('Readers and writers of app.departments, app.employees wait');
    expect(steps[0]?.preview).toContain(
      'LOCK TABLE app.departments, app.employees IN ACCESS EXCLUSIVE MODE;',
    );
    const { end, done } = await restore(context, backup, ['employees', 'departments'], 'replace');
    expect(end).toMatchObject({ status: 'done' });
    expect(done).toEqual({ 'app.departments': ['2', '0', '0', '1'], 'app.employees': ['19', '1', '0', '1'] });
    expect(await fingerprint(session)).toBe(untouched);
  });

  test('a leaf is restored alone, and a root with the rows that have moved', async () => {
    await sql('DELETE FROM app.orders WHERE id IN (1, 700)');
    const leaf = await restore(context, backup, ['app.orders_2025'], 'replace');
    expect(leaf.done).toEqual({ 'app.orders_2025': ['1', '0', '364', '0'] });
    await sql("CREATE TABLE app.orders_2026_south PARTITION OF app.orders_2026 FOR VALUES IN ('west')");
    const root = await restore(context, backup, ['app.orders', 'app.orders_2025'], 'replace');
    expect(root.done).toEqual({ 'app.orders': ['1', '0', '699', '0'] });
    await sql('DROP TABLE app.orders_2026_south');
    expect(await fingerprint(session)).toBe(untouched);
  });

  test('says beforehand what goes with the rows, in other tables too', async () => {
    await sql(
      `INSERT INTO app.customers (mail, name, tags) OVERRIDING SYSTEM VALUE VALUES ('new@x', 'new', '{}')`,
    );
    await sql(`INSERT INTO app.orders (day, region, customer, total)
      SELECT '2026-02-02', 'north', max(id), 1 FROM app.customers`);
    const { foretold, done } = await restore(context, backup, ['customers'], 'replace');
    expect(foretold).toEqual({
      'app.customers': ['0', '0', '200', '1'],
      'app.orders (by foreign key)': ['-', '-', '-', '1'],
    });
    expect(done).toEqual(foretold);
    await sql(`SELECT setval('app.orders_id_seq', 700), setval('app.customers_id_seq', 200)`);
    expect(await fingerprint(session)).toBe(untouched);
  });

  test('is refused where rows of other tables stand against it', async () => {
    await sql(`INSERT INTO app.departments VALUES (3, 'new', NULL)`);
    await sql(`INSERT INTO app.employees VALUES (50, 'z', 3, NULL)`);
    expect(await details(['departments'], 'replace')).toContain(
      'block: Rows that would be deleted are referred to by 1 row of app.employees. Choose those tables too, or use --mode merge.',
    );
    await sql('DELETE FROM app.employees WHERE id = 50; DELETE FROM app.departments WHERE id = 3');
  });
});

describe('merge and skip_existing', () => {
  test('merge keeps what came later, skip_existing what was changed', async () => {
    await sql(`UPDATE app.employees SET name = 'changed' WHERE id <= 3`);
    await sql('DELETE FROM app.employees WHERE id = 20');
    await sql(`INSERT INTO app.employees VALUES (21, 'new', 1, NULL)`);
    const skip = await restore(context, backup, ['employees'], 'skip_existing');
    expect(skip.done).toEqual({ 'app.employees': ['1', '0', '19', '-'] });
    expect(skip.foretold).toEqual(skip.done);
    const merge = await restore(context, backup, ['employees'], 'merge');
    expect(merge.done).toEqual({ 'app.employees': ['0', '3', '17', '-'] });
    expect(merge.foretold).toEqual(merge.done);
    expect(await sql('SELECT name FROM app.employees WHERE id = 21')).toEqual([{ name: 'new' }]);
    await sql('DELETE FROM app.employees WHERE id = 21');
    expect(await fingerprint(session)).toBe(untouched);
  });

  test('another key of another row is told beforehand', async () => {
    await sql(`DELETE FROM app.departments WHERE false`);
    await sql(
      `UPDATE app.employees SET department = 1 WHERE department = 2; UPDATE app.departments SET boss = NULL`,
    );
    await sql(
      `DELETE FROM app.departments WHERE id = 2; INSERT INTO app.departments VALUES (9, 'store', NULL)`,
    );
    const before = await fingerprint(session);
    expect(await details(['employees', 'departments'], 'merge')).toContain(
      'block: 1 row of the backup cannot go into app.departments: rows that stay, or others of the backup, have the same departments_name_key. ' +
        'Change or delete those first, or use --mode skip_existing.',
    );
    expect((await restore(context, backup, ['employees', 'departments'], 'merge')).end.status).not.toBe(
      'done',
    );
    expect(await fingerprint(session)).toBe(before);
    // the row in the way is one that goes anyway
    expect((await restore(context, backup, ['employees', 'departments'], 'replace')).end.status).toBe('done');
    expect(await fingerprint(session)).toBe(untouched);
  });

  test('without a primary key only what is missing can be added, one for one', async () => {
    expect(await details(['keyless'], 'merge')).toEqual([
      'block: Without a primary key rows cannot be told apart, so --mode merge cannot work. Use --mode skip_existing, which adds rows that are not there yet.',
    ]);
    await sql(
      `DELETE FROM app.keyless WHERE ctid = (SELECT ctid FROM app.keyless WHERE line = 'same' LIMIT 1)`,
    );
    const { done, foretold } = await restore(context, backup, ['keyless'], 'skip_existing');
    expect(done).toEqual({ 'app.keyless': ['1', '0', '2', '-'] });
    expect(foretold).toEqual(done);
    expect(await fingerprint(session)).toBe(untouched);
  });
});

describe('differences in definition', () => {
  test('a column that is missing is refused, one that came later is told', async () => {
    await sql('ALTER TABLE app.employees RENAME name TO "full name"');
    expect(await details(['employees'], 'merge')).toEqual([
      'block: The live table lacks "name" of the backup, so rows would lose values. Add what is missing, or restore the backup into a new database with --into NAME.',
    ]);
    await sql('ALTER TABLE app.employees RENAME "full name" TO name');
    await sql('ALTER TABLE app.employees ADD extra integer NOT NULL DEFAULT 5');
    expect(await details(['employees'], 'merge')).toEqual([
      'warn: "extra" came after the backup: new rows take the default, others keep theirs.',
    ]);
    await sql('UPDATE app.employees SET extra = 6 WHERE id < 20; DELETE FROM app.employees WHERE id = 20');
    expect((await restore(context, backup, ['employees'], 'replace')).done).toEqual({
      'app.employees': ['1', '0', '19', '0'],
    });
    expect(await sql('SELECT extra, count(*)::int FROM app.employees GROUP BY 1 ORDER BY 1')).toEqual([
      { extra: 5, count: 1 },
      { extra: 6, count: 19 },
    ]);
    await sql('ALTER TABLE app.employees DROP extra');
  });

  test('what no table is, and names that are wrong, are refused', async () => {
    await expect(plan(['app.ORDERS'], 'merge')).rejects.toThrow('The backup has no table app.ORDERS.');
    await expect(plan(['custommers'], 'merge')).rejects.toMatchObject({
      next: 'Did you mean app.customers?',
    });
    await expect(plan(['rich'], 'merge')).rejects.toThrow('The backup has no table rich.');
  });
});

describe('failure', () => {
  const broken: [string, Mode, string][] = [
    ['a backup that ends early', 'replace', 'Nothing was changed'],
    ['a backup that ends early', 'skip_existing', 'Nothing was changed'],
  ];
  test.each(broken)('%s changes nothing: %s', async (_, mode, text) => {
    const whole = await dump(database.target(), join(directory, `cut-${mode}.sql`), []);
    const rows = (await import('node:fs')).readFileSync(whole.archive, 'utf8');
    const { checks, steps, ...rest } = await plan(['customers'], mode, whole);
    expect(checks.filter(({ status }) => status === 'block')).toEqual([]);
    writeFileSync(whole.archive, rows.slice(0, rows.indexOf('c150@Example.org')));
    const { end } = await carryOut({ ...rest, checks, steps }, context);
    expect(end).toMatchObject({ status: 'failed' });
    expect(end.text).toContain(text);
    expect(await fingerprint(session)).toBe(untouched);
  });

  test('cancelled in the middle, nothing has changed', async () => {
    const other = await client(database.target());
    await other.sql('BEGIN; LOCK TABLE app.employees IN ROW EXCLUSIVE MODE');
    const abort = new AbortController();
    const waits = async () => {
      for (;;) {
        const [row] = await session.sql(
          `SELECT count(*)::int AS n FROM pg_locks WHERE NOT granted AND relation = 'app.employees'::regclass
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
        );
        if (row?.n === 1) return abort.abort();
      }
    };
    const made = await plan(['employees'], 'merge');
    const [{ end }] = await Promise.all([carryOut(made, context, { signal: abort.signal }), waits()]);
    await other.sql('ROLLBACK');
    expect(end.status).toBe('cancelled');
    expect(await fingerprint(session)).toBe(untouched);
  });
});
