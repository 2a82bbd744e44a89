import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../src/db/session.ts';
import { poolerChecks } from '../../../src/ops/clients/pooler.ts';
import type { OpContext } from '../../../src/ops/context.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { contextFor } from './stage.ts';

const home = temporaryDirectory();
let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

/** A session as a client of a pooler sees it: each of its statements goes where the pooler sends it. */
function throughPooler(session: Session, to: () => Session): Session {
  return new Proxy(session, {
    get: (own, key) => {
      if (key === 'server') return { ...own.server, pooled: true };
      if (key === 'sql') return (...args: Parameters<Session['sql']>) => to().sql(...args);
      const value: unknown = Reflect.get(own, key, own);
      return typeof value === 'function' ? value.bind(own) : value;
    },
  });
}

test('one that gives a transaction the connection of somebody else is no way to the server', async () => {
  const context = contextFor(db.target(), home);
  const [first, second] = [await context.open('first'), await context.open('second')];
  // whoever begins a transaction gets the connection that was used last; the other one the next
  let begun = false;
  const pool: OpContext = {
    ...context,
    open: async (...args) => {
      const other = throughPooler(await context.open(...args), () => first);
      return new Proxy(other, {
        get: (own, key) =>
          key === 'sql'
            ? async (...sql: Parameters<Session['sql']>) => {
                begun ||= sql[0] === 'BEGIN';
                return own.sql(...sql);
              }
            : Reflect.get(own, key, own),
      });
    },
  };
  const session = throughPooler(first, () => (begun ? second : first));
  expect(await poolerChecks(pool, session)).toMatchObject([
    { status: 'block', detail: expect.stringContaining('Connect to PostgreSQL itself') },
  ]);
  await first.sql('ROLLBACK');
  await Promise.all([first.close(), second.close()]);
});

test('one that keeps a connection for a client is told; none, and nothing is said', async () => {
  const context = contextFor(db.target(), home);
  const session = await context.session();
  expect(
    await poolerChecks(
      context,
      throughPooler(session, () => session),
    ),
  ).toMatchObject([{ title: 'Pooler', status: 'warn' }]);
  expect(await poolerChecks(context, session)).toEqual([]);
});
