import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Session } from '../../../../src/db/session.ts';
import type { OpContext } from '../../../../src/ops/engine/operation.ts';
import { type ChosenTool, choose } from '../../../../src/ops/migrate/choose.ts';
import { client, type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { contextIn, type Done, done, hazardsOf, planned } from '../run/stage.ts';

/** A project with a database of its own. */
export interface Project {
  readonly root: string;
  readonly database: TestDatabase;
  readonly session: Session;
  readonly context: OpContext;
  /** `undefined`: as it is found from the project's directory. */
  chosen(tool?: string): Promise<ChosenTool>;
  /** `version state` of each, in order. */
  states(tool?: string): Promise<string[]>;
  problems(tool?: string): Promise<string[]>;
  /** Plans and runs; every hazard is acknowledged. */
  go(direction: 'up' | 'down' | 'repair', input?: Record<string, unknown>): Promise<Done>;
  write(files: Readonly<Record<string, string>>): void;
}

/** A directory with these files. `where`: below it, what `--dir` names. */
export async function project(files: Readonly<Record<string, string>>, where = ''): Promise<Project> {
  const database = await testDatabase();
  onTestFinished(() => database.drop());
  const session = await client(database.target());
  const root = temporaryDirectory();
  const dir = join(root, where);
  const context = contextIn(database, join(root, '.home'));
  const chosen = (tool?: string) => choose(context, { tool, dir });
  const statusOf = async (tool?: string) => {
    const { adapter, where: place } = await chosen(tool);
    return adapter.status(place);
  };
  const write = (more: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(more)) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), text);
    }
  };
  write(files);
  return {
    root,
    database,
    session,
    context,
    chosen,
    write,
    states: async (tool) => (await statusOf(tool)).items.map(({ version, state }) => `${version} ${state}`),
    problems: async (tool) => (await statusOf(tool)).problems.map(({ message }) => message),
    go: async (direction, input = {}) => {
      const asked = { dir, ...input };
      if (direction === 'repair') return done(context, 'repair', asked);
      const acknowledge = hazardsOf(await planned(context, direction, asked));
      return done(context, direction, { ...asked, acknowledge });
    },
  };
}

/** A table's columns, defaults and constraints, as the server tells them. */
export async function shapeOf(session: Session, table: string): Promise<string[]> {
  const columns = await session.sql(
    `SELECT attname || ' ' || format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END
       || coalesce(' DEFAULT ' || pg_get_expr(adbin, adrelid), '') AS said
     FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
     WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    [table],
  );
  const more = await session.sql(
    `SELECT conname || ' ' || pg_get_constraintdef(oid) AS said FROM pg_constraint
     WHERE conrelid = to_regclass($1) AND contype <> 'n'
     UNION ALL SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = to_regclass($1) ORDER BY 1`,
    [table],
  );
  return [...columns, ...more].map(({ said }) => String(said));
}
