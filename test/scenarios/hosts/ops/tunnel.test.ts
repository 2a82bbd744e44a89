import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { connect } from '../../../../src/db/client.ts';
import { Tunnel } from '../../../../src/hosts/ssh/tunnel.ts';
import type { Plan } from '../../../../src/ops/engine/plan.ts';
import { findBackup, listBackups } from '../../../../src/ops/repository/repository.ts';
import { entries, planBackup } from '../../../ops/backup/stage.ts';
import { carryOut } from '../../../ops/engine/run/stage.ts';
import { blocks, inDatabase } from '../../../ops/restore/stage.ts';
import { serverTarget, type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { NO_SSHD, type Sshd, startSshd } from '../../../support/sshd.ts';
import { until } from '../../../support/until.ts';
import { contextThrough } from './stage.ts';

/** Of the whole story by hand: PGDECK_TUNNEL_KILLS=9 PGDECK_TUNNEL_PAUSE=20 */
const KILLS = Number(process.env.PGDECK_TUNNEL_KILLS ?? 3);
const PAUSE = Number(process.env.PGDECK_TUNNEL_PAUSE ?? 1);
const ROWS = 20_000;

const home = temporaryDirectory();
/** While it is there pg_dump has not begun. */
const held = join(home, 'held');
let sshd: Sshd;
let db: TestDatabase;
let programs: string;

/** The programs of PostgreSQL in a directory of their own; its pg_dump waits. */
function waitingPrograms(): string {
  const { bin } = inject('postgres');
  const directory = join(home, 'bin');
  mkdirSync(directory);
  for (const name of readdirSync(bin))
    if (name !== 'pg_dump') symlinkSync(join(bin, name), join(directory, name));
  const wait = `case "$*" in *--snapshot=*) while [ -e '${held}' ]; do sleep 0.1; done ;; esac`;
  writeFileSync(join(directory, 'pg_dump'), `#!/bin/sh\n${wait}\nexec '${bin}/pg_dump' "$@"\n`, {
    mode: 0o755,
  });
  return directory;
}

/** Kills each ssh of ours whose arguments have all of this. */
function kill(...having: readonly string[]): number {
  const found = execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => /^\s*\d+ ssh /.test(line) && having.every((one) => line.includes(one)));
  for (const line of found) process.kill(Number.parseInt(line, 10), 'SIGKILL');
  return found.length;
}

/** A context whose own connections go through a tunnel, and its programs by another ssh. */
async function through(name: string) {
  const { port } = serverTarget();
  const beyond = { host: '127.0.0.1', port };
  const place = { destination: sshd.destination, config: sshd.config };
  const via = new Tunnel(place, beyond);
  onTestFinished(() => via.close());
  const target = { ...db.target(), host: 'db1.invalid', via };
  const context = await contextThrough(
    {
      runsOn: { kind: 'ssh', ...place, tunnel: true, ...beyond },
      target: (overrides) => ({ ...target, ...overrides }),
    },
    join(home, name),
    { database: db.database, programs },
  );
  const repository = join(home, name, 'backups');
  const plan = await planBackup(context, { compress: 'gzip:9' });
  expect(blocks(plan)).toEqual([]);
  return { via, target, context, plan, repository };
}

/** Runs the backup; `work` is done once pg_dump waits and the rows are counted. */
async function backUp(plan: Plan, context: Parameters<typeof carryOut>[1], work: () => Promise<void>) {
  writeFileSync(held, '');
  let working: Promise<void> | undefined;
  const { end, events } = await carryOut(plan, context, {
    onEvent: (event) => {
      if (working !== undefined || event.type !== 'line' || !event.text.includes('pg_dump -w')) return;
      working = work();
      // what it found is told below
      working.catch(() => rmSync(held, { force: true }));
    },
  });
  await working;
  return { end, lines: events.flatMap((event) => (event.type === 'line' ? [event.text] : [])) };
}

const ours = () =>
  inDatabase('postgres', (session) =>
    session.sql(
      `SELECT pid, application_name AS name, query FROM pg_stat_activity
       WHERE datname = $1 AND application_name LIKE 'pgdeck:%'`,
      [db.database],
    ),
  );

describe.skipIf(NO_SSHD !== undefined)('a backup whose connections go through a tunnel', () => {
  beforeAll(async () => {
    sshd = await startSshd();
    db = await testDatabase();
    programs = waitingPrograms();
    await inDatabase(db.database, (session) =>
      session.sql(`
        CREATE TABLE noise AS
          SELECT i AS id, md5(i::text) || md5((-i)::text) AS text FROM generate_series(1, ${ROWS}) i;
        CREATE TABLE "Größe ' \\ :x" AS SELECT 7 AS x;
        CREATE TABLE empty (id int)`),
    );
  });
  afterAll(async () => {
    rmSync(held, { force: true });
    await db?.drop();
    await sshd?.stop();
  });

  test(
    'holds what was there when it began, however often the tunnel is killed meanwhile',
    async () => {
      const { via, target, context, plan, repository } = await through('killed');
      let kills = 0;
      let over = false;
      const killing = async () => {
        // what comes later is not in the backup
        await inDatabase(db.database, (session) => session.sql('INSERT INTO noise VALUES (0, NULL)'));
        while (!over) {
          const since = performance.now();
          await until(() => over || performance.now() - since > PAUSE * 1_000, {
            what: 'the pause',
            timeout: PAUSE * 2_000 + 5_000,
          });
          const { state } = via;
          if (state.state === 'up' && kill(state.at) > 0) kills += 1;
          // it is there again for whoever works with the console
          await until(
            () =>
              connect(target, 'fast').then(
                (session) => session.close().then(() => true),
                () => false,
              ),
            { what: 'the tunnel', timeout: 15_000 },
          );
          if (kills >= KILLS) rmSync(held, { force: true });
        }
      };
      let working: Promise<void> | undefined;
      const { end, lines } = await backUp(plan, context, async () => {
        working = killing();
      });
      over = true;
      await working;
      expect(end).toMatchObject({ ok: true, status: 'done' });
      expect(kills).toBeGreaterThanOrEqual(KILLS);
      expect(lines.join('\n')).toMatch(/snapshot .*; psql of ssh db1 holds it/);
      const [made] = await listBackups(repository);
      const { manifest } = await findBackup(repository, made?.id ?? '');
      expect(manifest?.verifications).toMatchObject([{ level: 'counts', ok: true }]);
      expect(manifest?.tables.map(({ name, rows }) => [name, rows]).sort()).toEqual([
        ["Größe ' \\ :x", 1],
        ['empty', 0],
        ['noise', ROWS],
      ]);
      await until(async () => (await ours()).length === 0, { what: 'the end of its backends' });
      if (process.env.PGDECK_TUNNEL_KILLS) process.stderr.write(`killed ${kills} times\n`);
    },
    (PAUSE + 20) * (KILLS + 3) * 1_000,
  );

  test('takes its snapshot again where the tunnel breaks as it is taken', async () => {
    const { via, context, plan } = await through('early');
    rmSync(held, { force: true });
    const waiting = () =>
      inDatabase('postgres', (session) =>
        session.sql(
          `SELECT pid FROM pg_stat_activity
           WHERE datname = $1 AND application_name LIKE 'pgdeck:%' AND wait_event_type = 'Lock'`,
          [db.database],
        ),
      );
    const { end, events } = await inDatabase(db.database, async (session) => {
      // the size of a table that is locked is waited for
      await session.sql('BEGIN; LOCK TABLE noise IN ACCESS EXCLUSIVE MODE');
      let killing: Promise<void> | undefined;
      const work = async () => {
        await until(async () => (await waiting()).length > 0, { what: 'the snapshot being taken' });
        const { state } = via;
        if (state.state === 'up') kill(state.at);
        await session.sql('ROLLBACK');
      };
      const done = await carryOut(plan, context, {
        onEvent: (event) => {
          if (event.type === 'start' && event.id === 'snapshot') killing ??= work();
        },
      });
      await killing;
      return done;
    });
    const lines = events.flatMap((event) => (event.type === 'line' ? [event.text] : []));
    expect(lines).toContainEqual('The connection through ssh db1 broke. It is tried again.');
    expect(end).toMatchObject({ ok: true, status: 'done' });
  });

  test('fails and leaves nothing where the session there is ended that holds the snapshot', async () => {
    const { context, plan, repository } = await through('ended');
    const { end } = await backUp(plan, context, async () => {
      await inDatabase('postgres', (session) =>
        session.sql(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = $1 AND application_name LIKE 'pgdeck:%' AND query LIKE '%pg_export_snapshot%'`,
          [db.database],
        ),
      );
      await until(async () => !(await ours()).some(({ query }) => /export_snapshot/.test(String(query))), {
        what: 'its end',
      });
      rmSync(held, { force: true });
    });
    expect(end.text).toMatch(
      /: The server ended the connection while it was read\. See why in its log, then run the backup again; nothing of this one was kept\.\nNo backup was made/,
    );
    expect(entries(repository)).toEqual([]);
    await until(async () => (await ours()).length === 0, { what: 'the end of its backends' });
  });

  test('fails and leaves nothing where the way of its programs is lost', async () => {
    const { via, context, plan, repository } = await through('lost');
    const { end } = await backUp(plan, context, async () => {
      const { state } = via;
      const tunnel = state.state === 'up' ? state.at : '-';
      expect(kill(sshd.config, 'ControlMaster=yes')).toBeGreaterThan(0);
      rmSync(held, { force: true });
      expect(existsSync(tunnel)).toBe(true);
    });
    expect(end.text).toMatch(/: The way to ssh db1 was lost: [^\n]*\nNo backup was made/);
    expect(entries(repository)).toEqual([]);
    await until(async () => (await ours()).length === 0, {
      what: 'the end of its backends',
      timeout: 10_000,
    });
  });
});
