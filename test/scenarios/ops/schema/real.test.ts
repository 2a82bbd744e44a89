import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Session } from '../../../../src/db/session.ts';
import { issuesOf } from '../../../../src/ops/schema/check/report.ts';
import { takeSchemaSnapshot } from '../../../../src/ops/schema/snapshot.ts';
import { carryOut } from '../../../ops/engine/run/stage.ts';
import { complaints, contextFor, planFix, snapshotFile } from '../../../ops/schema/apply/stage.ts';
import { client, testDatabase } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';

/**
 * Schemas of public programs, each an SQL file, from a directory of this machine: they are others' text and not kept
 * here. PGDECK_REAL_SCHEMAS=/tmp/real-schemas vitest run test/scenarios/ops/schema/real.test.ts
 */
const directory = process.env.PGDECK_REAL_SCHEMAS;
const files =
  directory === undefined
    ? []
    : readdirSync(directory)
        .filter((name) => name.endsWith('.sql'))
        .sort()
        .map((name) => join(directory, name));

/** Ten ways in which a database comes to lack something; each picks what there is, and some may find nothing. */
const DAMAGE: readonly (readonly [what: string, pick: string])[] = [
  [
    'an index',
    `SELECT format('DROP INDEX %s', i.indexrelid::regclass) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
     WHERE c.relnamespace IN (SELECT oid FROM own) AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid) AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid) ORDER BY 1 LIMIT 3`,
  ],
  [
    'a foreign key',
    `SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) FROM pg_constraint WHERE contype = 'f' AND connamespace IN (SELECT oid FROM own) AND conparentid = 0 ORDER BY 1 LIMIT 3`,
  ],
  [
    'a primary key with what refers to it',
    `SELECT format('ALTER TABLE %s DROP CONSTRAINT %I CASCADE', conrelid::regclass, conname) FROM pg_constraint WHERE contype = 'p' AND connamespace IN (SELECT oid FROM own) AND coninhcount = 0 ORDER BY 1 OFFSET 1 LIMIT 1`,
  ],
  [
    'a unique constraint',
    `SELECT format('ALTER TABLE %s DROP CONSTRAINT %I CASCADE', conrelid::regclass, conname) FROM pg_constraint WHERE contype = 'u' AND connamespace IN (SELECT oid FROM own) AND coninhcount = 0 ORDER BY 1 LIMIT 1`,
  ],
  [
    'a check',
    `SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) FROM pg_constraint WHERE contype = 'c' AND conrelid <> 0 AND connamespace IN (SELECT oid FROM own) AND coninhcount = 0 ORDER BY 1 LIMIT 1`,
  ],
  [
    'a table with what depends on it',
    `SELECT format('DROP TABLE %s CASCADE', oid::regclass) FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = pg_class.oid AND d.deptype = 'e') AND relnamespace IN (SELECT oid FROM own) ORDER BY 1 OFFSET 2 LIMIT 1`,
  ],
  [
    'a column',
    `SELECT format('ALTER TABLE %s DROP COLUMN %I CASCADE', c.oid::regclass, a.attname) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE c.relkind = 'r' AND NOT c.relispartition AND attnum > 2 AND NOT attisdropped AND c.relnamespace IN (SELECT oid FROM own) ORDER BY 1 LIMIT 2`,
  ],
  [
    'a view',
    `SELECT format('DROP %s %s CASCADE', CASE relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END, oid::regclass) FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace IN (SELECT oid FROM own) AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = pg_class.oid AND d.deptype = 'e') ORDER BY 1 LIMIT 1`,
  ],
  [
    'a trigger',
    `SELECT format('DROP TRIGGER %I ON %s', tgname, tgrelid::regclass) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT tgisinternal AND tgparentid = 0 AND c.relnamespace IN (SELECT oid FROM own) ORDER BY 1 LIMIT 1`,
  ],
  [
    'a function',
    `SELECT format('DROP %s %s CASCADE', CASE prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END, oid::regprocedure) FROM pg_proc p WHERE pronamespace IN (SELECT oid FROM own)
     AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') ORDER BY 1 LIMIT 1`,
  ],
  [
    'a type',
    `SELECT format('DROP TYPE %s CASCADE', oid::regtype) FROM pg_type t WHERE typtype IN ('e', 'd') AND typnamespace IN (SELECT oid FROM own)
     AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e') ORDER BY 1 LIMIT 1`,
  ],
];

/** Does one kind of damage; answers whether there was anything to damage. */
async function damage(session: Session, pick: string): Promise<boolean> {
  const own = `WITH own AS (SELECT oid FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema')`;
  const rows = await session.sql(`${own} ${pick}`);
  for (const row of rows) await session.sql(String(Object.values(row)[0]));
  return rows.length > 0;
}

if (files.length === 0)
  test.skip('real schemas: PGDECK_REAL_SCHEMAS names no directory with .sql files', () => {});
else
  test.each(files)(
    '%s: damaged in ten ways, each is told, mended, and nothing differs',
    async (file) => {
      const home = temporaryDirectory();
      const db = await testDatabase();
      onTestFinished(() => db.drop());
      const session = await client(db.target());
      for (const part of readFileSync(file, 'utf8').split('\n-- pgdeck: next\n')) await session.sql(part);
      await session.sql('RESET ALL');
      const against = await snapshotFile(home, session);
      const expected = await takeSchemaSnapshot(session);
      const told: string[] = [];
      for (const [what, pick] of DAMAGE) {
        if (!(await damage(session, pick))) continue;
        const found = issuesOf(await takeSchemaSnapshot(session), expected);
        expect(found, what).not.toEqual([]);
        const context = contextFor(db.target(), home);
        const plan = await planFix(context, { against });
        expect(complaints(plan).filter((text) => text.startsWith('block'))).toEqual([]);
        const { end } = await carryOut(plan, context);
        const left = issuesOf(await takeSchemaSnapshot(session), expected);
        told.push(`${what}: ${found.length} issues, ${plan.steps.length} steps, ${left.length} left`);
        // a default that went with a function or a type is for a person
        for (const { id, fixable, fixSql } of left) {
          expect(`${what}: ${id} ${fixable} ${end.text}`).toMatch(
            /changed:\S+ false|:(default|not null) false/,
          );
          for (const sql of fixSql.filter((text) => !text.startsWith('--'))) await session.sql(sql);
        }
        expect(issuesOf(await takeSchemaSnapshot(session), expected), what).toEqual([]);
      }
      console.log(`${basename(file)} (${expected.objects.length} objects)\n  ${told.join('\n  ')}`);
    },
    240_000,
  );
