import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sqlAdapter } from '../../../../../src/ops/migrate/run/adapter.ts';
import { dbmateBinary } from '../binary.ts';
import { BASE, columnsOf, LATEST, stages, steps, to } from '../stage.ts';

const binary = await dbmateBinary();
const stage = stages('dbmate');

const FILES = {
  'db/migrations/1_users.sql':
    '-- migrate:up\nCREATE TABLE users (id int);\n-- migrate:down\nDROP TABLE users;\n',
  'db/migrations/2_age.sql':
    '-- migrate:up\nALTER TABLE users ADD age int;\n-- migrate:down\nALTER TABLE users DROP age;\n',
  'db/migrations/3_city.sql':
    '-- migrate:up\nALTER TABLE users ADD city text;\n-- migrate:down\nALTER TABLE users DROP city;\n',
};

async function project(files: Readonly<Record<string, string>>) {
  const made = await stage(files);
  const bin = join(made.root, 'node_modules', '.bin');
  mkdirSync(bin, { recursive: true });
  symlinkSync(binary ?? '', join(bin, 'dbmate'));
  return made;
}

describe.skipIf(binary === undefined)(
  `dbmate${binary === undefined ? ': it could not be fetched' : ''}`,
  () => {
    test('up, down by steps, down to a version, to the base', async () => {
      const shop = await project(FILES);
      expect(await shop.adapter.detect(await shop.where())).toBe(
        `files of dbmate in ${shop.root}/db/migrations`,
      );
      expect(await shop.states()).toEqual(['1 pending', '2 pending', '3 pending']);
      expect(await columnsOf(shop.session, 'schema_migrations')).toEqual([]);
      const up = await shop.go('up', LATEST);
      expect(up.end.text).toBe('Work: done.');
      expect(up.route.steps[0]?.preview).toMatch(
        /^dbmate --no-dump-schema --migrations-dir db\/migrations migrate\n/,
      );
      expect(up.route.steps[0]?.preview).toContain('-- 2_age.sql\nALTER TABLE users ADD age int;');
      expect(await columnsOf(shop.session, 'users')).toEqual(['id', 'age', 'city']);
      const all = await shop.adapter.route(await shop.where(), 'down', BASE);
      expect(all.steps.map(({ title }) => title)).toEqual(
        ['3', '2', '1'].map((version) => `Roll back ${version} with dbmate`),
      );
      // told in the order in which they are run
      expect(all.hazards.map(({ version }) => version)).toEqual(['3', '2', '1']);

      expect((await shop.go('down', steps(1))).end.ok).toBe(true);
      expect(await columnsOf(shop.session, 'users')).toEqual(['id', 'age']);
      const back = await shop.go('down', to('1'));
      expect(back.end.ok).toBe(true);
      expect(back.route.hazards.map(({ name }) => name)).toContain('drop_column');
      expect(await shop.states(join(shop.root, 'db/migrations'))).toEqual([
        '1 applied',
        '2 pending',
        '3 pending',
      ]);
      expect((await shop.go('down', BASE)).end.ok).toBe(true);
      expect(await columnsOf(shop.session, 'users')).toEqual([]);
      await expect(shop.go('up', steps(1))).rejects.toThrow(
        'dbmate applies everything that waits (3), not 1 of it.',
      );
    });

    test('it says Applied of what failed, and the history is believed', async () => {
      const shop = await project({
        ...FILES,
        'db/migrations/2_age.sql': '-- migrate:up\nALTER TABLE nowhere ADD age int;\n-- migrate:down\n',
      });
      const { end, lines } = await shop.go('up', LATEST);
      expect(lines.join('\n')).toContain('Applied: 2_age.sql');
      expect(end.text).toMatch(
        /migrate failed with exit code 2: 2_age.sql: pq: relation "nowhere" does not exist/,
      );
      expect(end.text).toContain('By the history 1 was applied, which is not what was planned.');
      expect(await shop.states()).toEqual(['1 applied', '2 pending', '3 pending']);
      shop.write({ 'db/migrations/4_bare.sql': '-- migrate:up\nSELECT 1;\n' });
      await expect(shop.go('up', LATEST)).rejects.toThrow(
        'dbmate applies no file without a line "-- migrate:down": 4_bare.sql.',
      );
      await shop.session.sql(`INSERT INTO schema_migrations VALUES ('4')`);
      await expect(shop.go('down', steps(1))).rejects.toThrow(
        '4 has no way down, so nothing is rolled back.',
      );
    });

    test('a way down with nothing in it takes the row away, and its name has to be said; so does the SQL engine', async () => {
      const shop = await project({
        ...FILES,
        'db/migrations/3_city.sql':
          '-- migrate:up\nALTER TABLE users ADD city text;\n-- migrate:down\n-- no way\n',
      });
      await shop.go('up', LATEST);
      const { route, end } = await shop.go('down', steps(1));
      expect(end.text).toBe('Work: done.');
      expect(route.hazards.map(({ name, version }) => [name, version])).toEqual([
        ['nothing_taken_back', '3'],
      ]);
      expect(await shop.states()).toEqual(['1 applied', '2 applied', '3 pending']);
      expect(await columnsOf(shop.session, 'users')).toEqual(['id', 'age', 'city']);
      shop.write({ 'db/migrations/2_age.sql': '-- migrate:up\nALTER TABLE users ADD age int;\n' });
      const where = { ...(await shop.where()), directory: join(shop.root, 'db/migrations') };
      await expect(shop.go('down', steps(1))).rejects.toThrow('2 has no way down');
      await expect(sqlAdapter.route(where, 'down', steps(1))).rejects.toThrow('2 has no way down');
    });

    test("the history of Supabase, which has a table of the same name in its own schema, is not dbmate's", async () => {
      const shop = await project(FILES);
      await shop.session.sql('CREATE SCHEMA supabase_migrations');
      await shop.session.sql('CREATE TABLE supabase_migrations.schema_migrations (version text, name text)');
      await shop.session.sql(`INSERT INTO supabase_migrations.schema_migrations VALUES ('1', 'users')`);
      expect(await shop.states()).toEqual(['1 pending', '2 pending', '3 pending']);
      expect((await shop.go('up', LATEST)).end.text).toBe('Work: done.');
    });

    test('what is applied and has no file is seen, though its own list leaves it out', async () => {
      const shop = await project(FILES);
      await shop.go('up', LATEST);
      await shop.session.sql(`INSERT INTO schema_migrations VALUES ('9')`);
      const { problems } = await shop.adapter.status(await shop.where());
      expect(problems).toEqual([expect.objectContaining({ kind: 'missing_file', version: '9' })]);
      await expect(shop.go('down', steps(1))).rejects.toThrow(
        '9 cannot be rolled back: there is no file of it.',
      );
    });

    test('a lock in the way ends it, but not an index that is made beside everyone', async () => {
      const shop = await project(FILES);
      await shop.go('up', LATEST);
      shop.write({
        'db/migrations/4_index.sql':
          '-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY i ON users (age);\n-- migrate:down\n',
      });
      const route = await shop.adapter.route(await shop.where(), 'up', LATEST);
      expect(route.steps[0]?.effect).toBe('waits for locks without limit');
      expect((await shop.go('up', LATEST)).end.ok).toBe(true);
      shop.write({
        'db/migrations/5_more.sql': '-- migrate:up\nALTER TABLE users ADD more int;\n-- migrate:down\n',
      });
      await shop.session.sql('BEGIN; LOCK TABLE users IN ACCESS SHARE MODE');
      const { end } = await shop.go('up', LATEST, { where: { patience: { lockTimeout: 0.2, wait: 0 } } });
      await shop.session.sql('ROLLBACK');
      expect(end.text).toMatch(/canceling statement due to lock timeout.*\n?.*The history is as it was/);
    });
  },
);
