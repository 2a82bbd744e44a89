import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { backup } from '../../../../src/ops/backup/operation.ts';
import { listRuns } from '../../../../src/ops/engine/journal/runs.ts';
import { listBackups } from '../../../../src/ops/repository/repository.ts';
import { complaints, contextFor, entries, planBackup, withAdmin } from '../../../ops/backup/stage.ts';
import { carryOut } from '../../../ops/engine/run/stage.ts';
import { client, type TestDatabase, testDatabase, until } from '../../../support/cluster.ts';
import { cleanEnvironment, pgdeck, temporaryDirectory } from '../../../support/program.ts';

const home = temporaryDirectory();
let db: TestDatabase;

beforeAll(async () => {
  db = await testDatabase();
  const session = await client(db.target());
  await session.sql('CREATE TABLE t AS SELECT n FROM generate_series(1, 1000) n');
});
afterAll(() => db.drop());

/** The end of a step is the beginning of the next. */
const POINTS = [
  'snapshot',
  'snapshot:partial',
  'dump',
  'dump:written',
  'verify',
  'publish',
  'publish:renamed',
  'publish:end',
];

const table: string[] = [];
afterAll(() =>
  console.log(['killed at         listed     left          after recover', ...table].join('\n')),
);

test.each(POINTS)('killed at %s: whole or not listed, and recover removes the rest', async (point) => {
  const own = join(home, point.replace(':', '-'));
  const repository = join(own, 'backups');
  const { host, port } = db.target();
  const env = cleanEnvironment(own, { PGDECK_CRASH_AT: point, XDG_STATE_HOME: join(own, 'state') });
  const flags = ['-h', host, '-p', String(port), '-U', 'postgres', '-d', db.database];
  const { code } = await pgdeck([...flags, 'backup', '--dir', repository], env);
  expect(code).toBeNull();

  const published = point === 'publish:renamed' || point === 'publish:end';
  const listed = await listBackups(repository);
  expect(listed.map(({ status }) => status)).toEqual(published ? ['ok'] : []);
  const context = contextFor(db.target(), own);
  const [run] = listRuns(context.journal);
  if (run === undefined) throw new Error('no run in the journal');
  expect(run.status).toBe('interrupted');
  await until(
    async () =>
      (
        await withAdmin((admin) =>
          admin.sql('SELECT pid FROM pg_stat_activity WHERE application_name = $1', [`pgdeck:${run.id}`]),
        )
      ).length === 0,
    { what: 'the sessions of the dead run to end' },
  );
  const plan = await backup.recover?.(run, context);
  const left = !published && point !== 'snapshot';
  expect(plan === undefined).toBe(!left);
  if (plan !== undefined) {
    expect((await carryOut(plan, context)).end.text).toBe(`${plan.title}: done.`);
    expect(await backup.recover?.(run, context)).toBeUndefined();
  }
  expect((await listBackups(repository)).length).toBe(published ? 1 : 0);
  if (left) expect(entries(repository)).toEqual([]);
  table.push(
    `${point.padEnd(17)} ${(published ? 'whole' : 'nothing').padEnd(10)} ${(left ? 'a partial' : 'nothing').padEnd(13)} ${published ? 'one good backup' : 'nothing'}`,
  );
});

test('pg_dump that outlives a killed pgdeck is ended, and the next backup sweeps what is left', async () => {
  const own = join(home, 'orphan');
  const repository = join(own, 'backups');
  const { host, port } = db.target();
  const holder = await client(db.target(), 'holder');
  await holder.sql('BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE');
  const env = cleanEnvironment(own, { XDG_STATE_HOME: join(own, 'state') });
  const flags = ['-h', host, '-p', String(port), '-U', 'postgres', '-d', db.database];
  const going = pgdeck([...flags, 'backup', '--dir', repository], env);
  const context = contextFor(db.target(), own);
  const waits = (run: string) =>
    withAdmin((admin) =>
      admin.sql(`SELECT pid FROM pg_stat_activity WHERE application_name = $1 AND query LIKE 'LOCK TABLE%'`, [
        `pgdeck:${run}`,
      ]),
    );
  const run = await until(
    async () => {
      const [one] = listRuns(context.journal);
      return one !== undefined && (await waits(one.id)).length > 0 ? one : undefined;
    },
    { what: 'pg_dump waiting for the lock', timeout: 15_000 },
  );
  process.kill(run.pid, 'SIGKILL');
  await going;
  expect((await waits(run.id)).length).toBe(1);
  const next = await planBackup(context, { dir: repository });
  expect(complaints(next)).toEqual([expect.stringContaining('warn Locks')]);
  const { end, events } = await carryOut(next, context, {
    onEvent: (event) => {
      if (event.type === 'line' && event.text.startsWith('removed ')) void holder.close();
    },
  });
  expect(end.text).toBe(`Back up ${db.database}: done.`);
  expect(events).toContainEqual(
    expect.objectContaining({ type: 'line', text: expect.stringContaining(`left by run ${run.id}`) }),
  );
  await until(async () => (await waits(run.id)).length === 0, { what: 'the orphan to end' });
  expect((await listBackups(repository)).length).toBe(1);
  expect(entries(repository).length).toBe(1);
});
