import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../../src/db/client.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { until } from '../../../support/until.ts';
import type { Elsewhere } from './place.ts';
import { ASLEEP, HELD, LOCKED, SLOW, Stage } from './stage.ts';

const MIGRATION =
  '-- migrate:up\nCREATE TABLE made (id int);\nSELECT pg_sleep(60);\n\n-- migrate:down\nDROP TABLE made;\n';

/** The name of an extension. */
const FOREIGN = 'pgdeck_foreign';

/**
 * What must hold wherever the server is, when pgdeck is killed and cancelled while it works there. `foreign` gives the
 * server an extension that this machine has not: what holds it is test-restored beside the server.
 */
export function moments<There extends Elsewhere>(
  open: () => Promise<There>,
  foreign?: (there: There, name: string) => Promise<void>,
): void {
  let stage: Stage;
  let migrations: string;
  /** Ids by format. */
  const backups: Record<string, string> = {};
  beforeAll(async () => {
    const there = await open();
    stage = new Stage(there, temporaryDirectory(), 'shop');
    await stage.sql('CREATE DATABASE shop');
    await foreign?.(there, FOREIGN);
    if (foreign !== undefined) await stage.sql(`CREATE EXTENSION ${FOREIGN}`, 'shop');
    // takes as long as the role's setting says when it is restored
    await stage.sql(SLOW, 'shop');
    await stage.sql(HELD, 'shop');
    for (const name of ['one', 'two']) {
      await stage.sql(`CREATE TABLE ${name} AS SELECT 'new'::text AS value`, 'shop');
      await stage.sql(`CREATE INDEX ON ${name} (slow(value))`, 'shop');
    }
    for (const format of ['custom', 'directory', 'plain']) {
      const { code, said } = await stage.run(['backup', '--format', format, '--yes']);
      expect(code, said).toBe(0);
      backups[format] = await stage.newest();
    }
    await stage.sql("UPDATE one SET value = 'old'", 'shop');
    migrations = join(stage.home, 'migrations');
    mkdirSync(migrations);
    writeFileSync(join(migrations, '20260101000001_slow.sql'), MIGRATION);
  }, 120_000);
  afterAll(() => stage?.elsewhere.remove());
  afterEach(({ task }) => (task.result?.state === 'fail' ? stage.cleared() : undefined));

  const served = async () => (await stage.sql('SELECT value FROM one', 'shop'))[0]?.value;
  /** Ends a run by a signal once the server shows that it is where it should be; nothing is left of it, and all is whole. */
  async function endedWhile(
    args: readonly string[],
    where: { readonly shown: string; readonly slow?: boolean },
    signal: 'SIGKILL' | 'SIGINT' | 'SIGTERM',
  ): Promise<{ readonly said: string; readonly steps: readonly string[] }> {
    if (where.slow) await stage.sql("ALTER ROLE postgres SET test.slow = '60'");
    const run = stage.start(args);
    try {
      await until(async () => (await stage.sql(where.shown)).length > 0, {
        what: `${args.join(' ')} at work: ${run.said()}`,
        timeout: 40_000,
      });
    } finally {
      run.child.kill(signal);
      if (where.slow) await stage.sql('ALTER ROLE postgres RESET test.slow');
    }
    if (signal === 'SIGKILL') await run.ended;
    await stage.gone();
    const { code, said } = await run.ended;
    expect(code, said).toBe(signal === 'SIGKILL' ? null : 1);
    if (signal !== 'SIGKILL') expect(said, said).toMatch(/cancelled/);
    expect(await served()).toBe('old');
    expect(await stage.listed()).toBe(3);
    const steps = await stage.recovered();
    // what is cancelled takes itself back
    if (signal !== 'SIGKILL') expect(steps).toEqual([]);
    expect(await stage.databases()).toEqual(['postgres', 'shop']);
    return { said, steps };
  }

  test.each([
    ['SIGKILL', 'directory'],
    ['SIGINT', 'custom'],
  ] as const)('%s while pg_dump waits for a lock: %s', async (signal, format) => {
    const holder: Session = await stage.session('shop');
    const jobs = format === 'directory' ? ['--jobs', '2'] : [];
    try {
      await holder.sql('BEGIN');
      await holder.sql('LOCK TABLE held IN ACCESS EXCLUSIVE MODE');
      await endedWhile(['backup', '--format', format, ...jobs, '--yes'], { shown: LOCKED }, signal);
    } finally {
      await holder.close();
    }
  });

  const restoring = (format: string) => [
    ...['restore', backups[format] ?? '', '--confirm', 'shop', '--no-safety-backup', '--jobs', '2'],
  ];

  test('SIGKILL in the middle of a load by several processes', async () => {
    await endedWhile(restoring('directory'), { shown: ASLEEP, slow: true }, 'SIGKILL');
  });

  test.each([
    ['SIGKILL', 'plain'],
    ['SIGINT', 'custom'],
  ] as const)('%s in the middle of a load: %s', async (signal, format) => {
    await endedWhile(restoring(format), { shown: ASLEEP, slow: true }, signal);
  });

  test.skipIf(foreign === undefined)(
    'SIGKILL in the middle of a test restore beside the server',
    async () => {
      await endedWhile(
        ['backups', 'verify', backups.custom ?? '', '--level', 'restore', '--yes'],
        { shown: ASLEEP, slow: true },
        'SIGKILL',
      );
    },
  );

  test.each(['SIGKILL', 'SIGTERM'] as const)('%s in the middle of a migration', async (signal) => {
    await endedWhile(
      ['migrate', 'up', '--dir', migrations, '--no-backup', '--yes'],
      { shown: ASLEEP },
      signal,
    );
    await stage.sql('DROP TABLE IF EXISTS made, schema_migrations', 'shop');
  });

  test('killed when a dump lies there that was not fetched', async () => {
    const { signal, said } = await stage.run(['backup', '--yes'], { point: 'dump:written' });
    expect(signal, said).toBe('SIGKILL');
    await stage.gone();
    expect(await stage.listed()).toBe(3);
    expect(await stage.recovered()).toEqual(['remove', 'noted']);
  });

  test('killed when the database was dropped: recover puts it back through the host', async () => {
    const args = ['restore', backups.custom ?? '', '--confirm', 'shop', '--in-place'];
    const { signal, said } = await stage.run(args, { point: 'drop:dropped' });
    expect(signal, said).toBe('SIGKILL');
    await stage.gone();
    expect(await stage.databases()).toEqual(['postgres']);
    expect(await stage.recovered()).toContain('put-back');
    await stage.gone();
    expect(await served()).toBe('old');
  });
}
