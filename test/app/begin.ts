import pg from 'pg';
import type { Session } from '../../src/db/client.ts';
import type { Target } from '../../src/db/target.ts';
import { until } from '../support/until.ts';

export interface Begun {
  readonly pid: number;
  end(): Promise<void>;
}

/** Another program that runs this text, by the simple protocol, until it is ended. */
export async function begin(watcher: Session, target: Target, sql: string): Promise<Begun> {
  const { host, port, user, database } = target;
  const client = new pg.Client({ host, port, user, database, application_name: 'app' });
  client.on('error', () => {});
  await client.connect();
  const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
  const pid = Number(rows[0]?.pid);
  const over = client.query(sql).catch(() => {});
  await until(
    async () => {
      const [row] = await watcher.sql('SELECT wait_event FROM pg_stat_activity WHERE pid = $1', [pid]);
      return row?.wait_event === 'PgSleep';
    },
    { what: `the sleep of ${sql.slice(0, 60)}` },
  );
  return {
    pid,
    end: async () => {
      await watcher.sql('SELECT pg_terminate_backend($1)', [pid]);
      await over;
      await client.end().catch(() => {});
    },
  };
}
