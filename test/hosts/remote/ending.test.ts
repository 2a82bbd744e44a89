import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Session } from '../../../src/db/session.ts';
import { openRemote, type RemoteHost } from '../../../src/hosts/remote/remote.ts';
import { client, serverTarget, type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { until } from '../../support/until.ts';
import { SHELLS, type WayHere, wayHere } from '../../support/ways/here.ts';

const program = (name: string) => join(inject('postgres').bin, name);
const ASLEEP =
  "SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT%pg_sleep(600)%' AND pid <> pg_backend_pid()";

describe.each(SHELLS)('what psql works at, where it is ended by %s', (shell) => {
  let way: WayHere;
  let host: RemoteHost;
  let db: TestDatabase;
  let session: Session;
  beforeAll(async () => {
    way = await wayHere(shell);
    host = await openRemote(way);
    db = await testDatabase();
    session = await client(db.target());
  });
  afterAll(async () => {
    await session?.close();
    await db?.drop();
    await way?.remove();
  });

  const asleep = async () => (await session.sql(ASLEEP)).length;
  const env = () => {
    const { host: PGHOST, port, user } = serverTarget();
    // the server is not to hear of it by itself
    return { PGHOST, PGPORT: String(port), PGUSER: user, PGOPTIONS: '', LC_ALL: 'C' };
  };
  const psql = (...args: string[]) => ({
    command: program('psql'),
    args: ['-X', '-q', '-d', db.database, ...args],
  });

  test.each(['alone', 'behind a pipe'])('is cancelled on the server: %s', async (where) => {
    const stop = new AbortController();
    const sleep = 'SELECT 1 + 1, pg_sleep(600)';
    const running =
      where === 'alone'
        ? host.pipe([psql('-v', 'ON_ERROR_STOP=1', '-c', sleep)], { env: env(), signal: stop.signal })
        : host.pipe(
            [
              { command: 'sh', args: ['-c', `echo '${sleep};'; exec sleep 600`] },
              psql('-v', 'ON_ERROR_STOP=1', '-f', '-'),
            ],
            { env: env(), signal: stop.signal },
          );
    const failed = expect(running).rejects.toMatchObject({ kind: 'cancelled' });
    await until(async () => (await asleep()) > 0, { what: 'psql at work', timeout: 10_000 });
    const since = performance.now();
    stop.abort();
    await failed;
    // nobody waits until he is killed
    expect(performance.now() - since).toBeLessThan(4_500);
    await until(async () => (await asleep()) === 0, { what: 'the end of its statement' });
  });

  test('but one that would go on with the next statement after an error is only ended', async () => {
    const stop = new AbortController();
    const words = ['-c', 'SELECT pg_sleep(600)', '-c', 'CREATE TABLE went_on ()'];
    const { command, args } = psql(...words);
    const running = host.run(command, args, { env: env(), signal: stop.signal });
    const failed = expect(running).rejects.toMatchObject({ kind: 'cancelled' });
    await until(async () => (await asleep()) > 0, { what: 'psql at work', timeout: 10_000 });
    stop.abort();
    await failed;
    await session.sql(ASLEEP.replace('SELECT FROM', 'SELECT pg_terminate_backend(pid) FROM'));
    await until(async () => (await asleep()) === 0, { what: 'its end' });
    expect(await session.sql("SELECT to_regclass('went_on')::text AS made")).toEqual([{ made: null }]);
  });
});
