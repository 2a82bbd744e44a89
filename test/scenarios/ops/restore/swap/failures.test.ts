import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect, type Session } from '../../../../../src/db/client.ts';
import { DbError } from '../../../../../src/db/errors.ts';
import { quoteIdent } from '../../../../../src/db/ident.ts';
import { renameCleared } from '../../../../../src/ops/restore/swap/clear.ts';
import { swapDatabases } from '../../../../../src/ops/restore/swap/swap.ts';
import { testIo } from '../../../../ops/restore/swap/io.ts';
import { type Stage, served, stage } from '../../../../ops/restore/swap/stage.ts';
import { until } from '../../../../support/until.ts';

let s: Stage;
let application: Session;

beforeEach(async () => {
  s = await stage('swap_fails');
  application = await connect(s.to(s.live), 'workload', 'app');
});
afterEach(async () => {
  await application.close();
  await s.remove();
});

/** Everything is as before: names, doors, comments, data, and new clients get in at once. */
async function expectUntouched(): Promise<void> {
  expect((await s.names()).sort()).toEqual([s.fresh, s.live].sort());
  expect(await s.facts(s.live)).toMatchObject({ allows_connections: true, comment: null });
  expect(await served(s.to(s.live))).toBe('old');
  expect(await served(s.to(s.fresh))).toBe('new');
}

/** A session that holds a lock on the database, which renaming it conflicts with. */
async function holder(database: string): Promise<Session> {
  const session = await connect(s.to('postgres'), 'workload', 'holder');
  await session.sql('BEGIN');
  await session.sql(`COMMENT ON DATABASE ${quoteIdent(database)} IS 'being written'`);
  return session;
}

/** The pid of the session of the run that waits for a lock. */
function waiting(): Promise<number> {
  return until(
    async () => {
      const [row] = await s.admin.sql(
        `SELECT a.pid FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid AND NOT l.granted
         WHERE a.application_name = $1`,
        [s.io.applicationName],
      );
      return row?.pid as number | undefined;
    },
    { what: 'the rename waiting for its lock' },
  );
}

/** Given to the database's owner, who is no superuser. */
async function asOwner(attributes: string): Promise<ReturnType<typeof testIo>> {
  const role = await s.role(attributes);
  for (const database of [s.live, s.fresh])
    await s.admin.sql(`ALTER DATABASE ${quoteIdent(database)} OWNER TO ${role}`);
  return testIo(s.to('postgres', role), s.run);
}

test('a prepared transaction: refused before anybody is sent away', async () => {
  await application.sql('BEGIN');
  await application.sql('CREATE TABLE prepared (id int)');
  await application.sql(`PREPARE TRANSACTION '${s.live}'`);
  try {
    await expect(swapDatabases(s.io, s)).rejects.toThrow(/has a prepared transaction, which would be lost/);
    // one that comes in between is seen once the door is closed
    const [renamer, clearer] = [await s.io.connect(), await s.io.connect()];
    const { oid = 0 } = (await s.facts(s.live)) ?? {};
    await renamer.sql('BEGIN');
    const started = performance.now();
    await expect(
      renameCleared({ renamer, clearer, oid, database: s.live, signal: s.io.signal }, s.before),
    ).rejects.toThrow(/has a prepared transaction/);
    expect(performance.now() - started).toBeLessThan(4_000);
    await renamer.close();
    await clearer.close();
    expect(application.lost).toBe(false);
    expect(await application.sql('SELECT value FROM generation')).toEqual([{ value: 'old' }]);
  } finally {
    await application.sql(`ROLLBACK PREPARED '${s.live}'`);
  }
  await expectUntouched();
});

test('a lock that is not to be had: nobody is sent away, and the holder is named', async () => {
  const held = await holder(s.live);
  const error = await swapDatabases(s.io, { ...s, lockTimeout: '300ms' }).catch((e: unknown) => e);
  expect(error).toMatchObject({
    kind: 'failed',
    message: `${s.live} is as it was: Session ${held.pid} holds a lock on the database ${s.live}, and did not release it in time.`,
  });
  expect(application.lost).toBe(false);
  await held.sql('ROLLBACK');
  await held.close();
  await expectUntouched();
});

test.each(['live', 'fresh'] as const)(
  'the connection lost while it waits for the lock of %s',
  async (which) => {
    const held = await holder(s[which]);
    const swap = swapDatabases(s.io, s).catch((e: unknown) => e);
    await s.admin.sql('SELECT pg_terminate_backend($1)', [await waiting()]);
    expect(await swap).toMatchObject({
      kind: 'failed',
      message: expect.stringContaining(`${s.live} is as it was: `),
    });
    await held.sql('ROLLBACK');
    await held.close();
    // with the first lock granted the clients are sent away, and the transaction is in its middle
    await until(() => application.lost === (which === 'fresh'), { what: 'the fate of the client' });
    await expectUntouched();
  },
);

test('the other connection lost, which sends the clients away', async () => {
  const held = await holder(s.live);
  const swap = swapDatabases(s.io, { ...s, lockTimeout: '1s' }).catch((e: unknown) => e);
  const renamer = await waiting();
  const clearer = s.io.opened.find(({ pid }) => pid !== renamer);
  await s.admin.sql('SELECT pg_terminate_backend($1)', [clearer?.pid]);
  expect(await swap).toMatchObject({ kind: 'failed', message: expect.stringContaining('is as it was: ') });
  await held.sql('ROLLBACK');
  await held.close();
  expect(application.lost).toBe(false);
  await expectUntouched();
});

test('cancelled while it waits', async () => {
  const abort = new AbortController();
  const io = testIo(s.to('postgres'), s.run, abort.signal);
  const held = await holder(s.live);
  const swap = swapDatabases(io, s).catch((e: unknown) => e);
  await waiting();
  abort.abort();
  expect(await swap).toMatchObject({ kind: 'cancelled' });
  await held.sql('ROLLBACK');
  await held.close();
  expect(application.lost).toBe(false);
  await expectUntouched();
});

test('without pg_signal_backend others cannot be sent away; with it superusers cannot', async () => {
  const app = await connect(s.to(s.live, await s.role('')), 'workload', 'app');
  const io = await asOwner('CREATEDB');
  await application.close();
  await expect(swapDatabases(io, s)).rejects.toMatchObject({
    message: expect.stringContaining(`may not end a session in ${s.live} (pid ${app.pid})`),
    next: 'Have a superuser grant it pg_signal_backend.',
  });
  await s.admin.sql(`GRANT pg_signal_backend TO ${io.opened[0]?.server.user}`);
  application = await connect(s.to(s.live), 'workload', 'app');
  await expect(swapDatabases(io, s)).rejects.toThrow(/only a superuser may end a superuser's session/);
  expect([app.lost, application.lost]).toEqual([false, false]);
  await expectUntouched();
  await application.close();
  await swapDatabases(io, s);
  expect(await served(s.to(s.live))).toBe('new');
  await until(() => app.lost, { what: 'the end of the session' });
  await io.close();
});

test('without CREATEDB nothing is renamed', async () => {
  const io = await asOwner('');
  await application.close();
  await expect(swapDatabases(io, s)).rejects.toThrow(/is as it was: .*permission denied to rename database/);
  await io.close();
  await expectUntouched();
});

/** The run's sessions, but COMMIT is not answered; it is done or not. */
function unanswered(done: boolean): ReturnType<typeof testIo> {
  const io = testIo(s.to('postgres'), s.run);
  const breaks = (session: Session): Session =>
    new Proxy(session, {
      get: (target, key) => {
        if (key !== 'sql') {
          const value = Reflect.get(target, key, target);
          return typeof value === 'function' ? value.bind(target) : value;
        }
        return async (text: string, params?: unknown[]) => {
          if (text !== 'COMMIT') return target.sql(text, params);
          if (done) await target.sql(text);
          await target.close();
          throw new DbError('lost', 'The connection to the server was closed.');
        };
      },
    });
  return { ...io, connect: async (database) => breaks(await io.connect(database)) };
}

test('the connection lost at COMMIT: what has become of it is asked', async () => {
  await expect(swapDatabases(unanswered(false), s)).rejects.toThrow(/is as it was/);
  await expectUntouched();
  await swapDatabases(unanswered(true), s);
  expect(await served(s.to(s.live))).toBe('new');
});
