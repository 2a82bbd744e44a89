import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest';
import { describeDocker, dockerOk } from '../../../support/docker/docker.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { until } from '../../../support/until.ts';
import { type InContainer, inContainer, processesWith } from './place.ts';
import { ASLEEP, HELD, LOCKED, SLOW, Stage } from './stage.ts';

/** Whether there was somebody to hear it. */
function signalled(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** Whatever is seen of it first: the programs' end, or that of our own session. */
const ENDED = /^pgdeck: .*was started anew since this began: it is not gone on with\./m;

describeDocker('a container', { timeout: 90_000 }, () => {
  let there: InContainer;
  let stage: Stage;
  let backup: string;
  const stopped = () => join(stage.home, 'stopped');
  beforeAll(async () => {
    there = await inContainer();
    const home = temporaryDirectory();
    stage = new Stage(there, home, 'shop', {
      backup: { before_restore: `touch ${home}/stopped`, after_restore: `rm ${home}/stopped` },
    });
    await stage.sql('CREATE DATABASE shop');
    // takes as long as the role's setting says when it is restored
    await stage.sql(SLOW, 'shop');
    await stage.sql(HELD, 'shop');
    await stage.sql("CREATE TABLE one AS SELECT 'new'::text AS value", 'shop');
    await stage.sql('CREATE INDEX ON one (slow(value))', 'shop');
    const { code, said } = await stage.run(['backup', '--yes']);
    expect(code, said).toBe(0);
    backup = await stage.newest();
    await stage.sql("UPDATE one SET value = 'old'", 'shop');
  }, 120_000);
  afterAll(() => there?.remove());
  afterEach(async () => {
    expect(await stage.sql('SELECT value FROM one', 'shop')).toEqual([{ value: 'old' }]);
    expect(await stage.listed()).toBe(1);
  });

  /** Works while pg_dump of a backup waits for a lock that is held. */
  async function whileDumping<T>(
    work: () => Promise<T>,
  ): Promise<{ code: number | null; said: string; value: T }> {
    const holder = await stage.session('shop');
    try {
      await holder.sql('BEGIN');
      await holder.sql('LOCK TABLE held IN ACCESS EXCLUSIVE MODE');
      const run = stage.start(['backup', '--yes']);
      await until(async () => (await stage.sql(LOCKED)).length > 0, {
        what: `pg_dump waiting: ${run.said()}`,
        timeout: 40_000,
      });
      const value = await work();
      return { ...(await run.ended), value };
    } finally {
      await holder.close();
    }
  }

  /** The files of what ended with its container go when the next has some there. */
  async function swept(): Promise<void> {
    await stage.here(({ host }) => host.withWorkspace(async () => {}));
    // what is of another pid namespace may be in use there: a container that is started anew mostly gets the same number
    const [space = ''] = /\d+/.exec(await there.container.exec('readlink', '/proc/self/ns/pid')) ?? [];
    const ours = (one: string) => !one.startsWith('pgdeck-there-') || one.includes(`-${space}-`);
    expect((await there.left()).filter(ours)).toEqual([]);
  }

  async function startedAnew(): Promise<void> {
    await dockerOk(['kill', there.container.id]);
    await there.container.start();
  }

  test('whose way is lost: what is still at work there has no session any more', async () => {
    const held: number[] = [];
    onTestFinished(() => {
      for (const pid of held) signalled(pid, 'SIGCONT');
    });
    const { code, said } = await whileDumping(async () => {
      // what is there hears nothing of it: only the server can end it
      for (const line of (await dockerOk(['top', there.container.id, '-eo', 'pid,args']))
        .split('\n')
        .slice(1)) {
        const [, pid, words = ''] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
        if (/^postgres\b/.test(words)) continue;
        // what ends just now is not held
        if (signalled(Number(pid), 'SIGSTOP')) held.push(Number(pid));
      }
      for (const line of processesWith(there.mark, 'cmdline'))
        if (/^\d+ \S*docker /.test(line)) signalled(Number.parseInt(line, 10), 'SIGKILL');
    });
    expect(code, said).toBe(1);
    expect(said).toMatch(/The way to the container \S+ was lost while \S+ ran there/);
    expect(
      await stage.sql("SELECT query FROM pg_stat_activity WHERE application_name LIKE 'pgdeck%'"),
    ).toEqual([]);
    expect(await there.left()).not.toEqual([]);
    for (const pid of held) signalled(pid, 'SIGCONT');
    await stage.gone();
  });

  test('that a killed restart has left down is started by recover, then the application', async () => {
    const { signal, said } = await stage.run(['server', 'restart', '--timeout', '60', '--yes'], {
      down: true,
    });
    expect(signal, said).toBe('SIGKILL');
    expect(existsSync(stopped())).toBe(true);
    expect(await dockerOk(['inspect', '-f', '{{.State.Running}}', there.container.id])).toBe('false');
    const recovered = await stage.run(['recover', '--yes']);
    expect(recovered.code, recovered.said).toBe(0);
    expect(recovered.said).toMatch(/Start the server/);
    expect(existsSync(stopped())).toBe(false);
    expect(await stage.recovered()).toEqual([]);
  });

  test('that is started anew in the middle of a backup fails it, and is not gone on with', async () => {
    const { code, said } = await whileDumping(startedAnew);
    expect(code, said).toBe(1);
    expect(said).toMatch(ENDED);
    await stage.gone({ crashed: true });
    expect(stage.unfinished()).toEqual([]);
    await swept();
  });

  test('that is started anew in the middle of a restore fails it, and is not gone on with', async () => {
    await stage.sql("ALTER ROLE postgres SET test.slow = '60'");
    const run = stage.start(['restore', backup, '--confirm', 'shop', '--no-safety-backup']);
    await until(async () => (await stage.sql(ASLEEP)).length > 0, {
      what: `the load at its slow index: ${run.said()}`,
      timeout: 40_000,
    });
    await stage.sql('ALTER ROLE postgres RESET test.slow');
    await startedAnew();
    const { code, said } = await run.ended;
    expect(code, said).toBe(1);
    expect(said).toMatch(ENDED);
    await stage.gone({ crashed: true });
    await stage.recovered();
    expect(await stage.databases()).toEqual(['postgres', 'shop']);
    await swept();
  });
});
