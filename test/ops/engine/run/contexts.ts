import { afterAll, afterEach, beforeAll } from 'vitest';
import type { Target } from '../../../../src/db/target.ts';
import type { OpContext } from '../../../../src/ops/engine/operation.ts';
import { type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { contextOf } from './stage.ts';

type ContextOptions = Parameters<typeof contextOf>[2];

/** A database for the tests of a file, and contexts on it that are closed after each test. */
export function contexts(): {
  database(): TestDatabase;
  context(options?: ContextOptions): OpContext;
  nowhere(): OpContext;
} {
  let db: TestDatabase;
  const home = temporaryDirectory();
  const open: OpContext[] = [];
  beforeAll(async () => {
    db = await testDatabase();
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()));
  });
  afterAll(() => db.drop());
  const made = (target: Target, options?: ContextOptions): OpContext => {
    const context = contextOf(target, home, options);
    open.push(context);
    return context;
  };
  return {
    database: () => db,
    context: (options) => made(db.target(), options),
    nowhere: () => made({ ...db.target(), host: '/nowhere' }),
  };
}
