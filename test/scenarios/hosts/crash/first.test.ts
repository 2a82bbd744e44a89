import { spawn } from 'node:child_process';
import { expect, onTestFinished, test } from 'vitest';
import { connect } from '../../../../src/db/client.ts';
import { openHost } from '../../../../src/hosts/open.ts';
import { describeDocker } from '../../../support/docker/docker.ts';
import { until } from '../../../support/until.ts';
import { type InContainer, inContainer, processesWith } from './place.ts';

const GROUPS = {
  'a pipe in a shell that ends at once': '{ sleep 1000 | sleep 1001; } & echo; wait',
  'a pipe that a shell waits for': 'echo; sleep 1002 | { sleep 1003; cat; } | cat >/dev/null',
  'what hears no TERM': "trap '' TERM; echo; sleep 1004 | sleep 1005",
};

/** As pg_dumpall asks pg_dump for its version, but again and again: a shell, and below it who writes to a pipe. */
const BEGINS = `echo; while x=$(sh -c '"pg_dump" -V'); do :; done`;
/** Ends a program, and tells who started it that it is to end while who watches over it is slow to. */
const TELLS = `read -r x <"/proc/$1/stat"; set -- "$1" ${'$'}{x##*) }; core=$3
for d in /proc/[0-9]*; do
  read -r x <"$d/stat" || continue
  i=${'$'}{d#/proc/}
  set -- "$1" ${'$'}{x##*) }
  [ "$3" != "$core" ] || [ "$i" = "$1" ] || watch=$i
done
kill -s STOP "$watch" && kill "$1" || exit 1
for n in 1 2 3 4 5 6 7 8 9 10; do sleep 0.1; kill -s USR1 "$core" 2>/dev/null; done
kill -s CONT "$watch"`;
/** Loops that take processors from who begins others: it is held up in the middle of that. */
const BUSY = 6;

/** When the server, and the first of those that it began last, were started. */
const startedAt = async (there: InContainer) => {
  const session = await connect(there.target(), 'workload', 'test');
  const asked = session.sql(
    "SELECT pg_postmaster_start_time()::text AS server, backend_start::text AS writer FROM pg_stat_activity WHERE backend_type = 'checkpointer'",
  );
  return asked.finally(() => session.close());
};

describeDocker('a server that is the first process of its container', { timeout: 90_000 }, () => {
  test('goes on, whatever is ended beside it and however', async () => {
    const there = await inContainer();
    try {
      const host = await openHost(there.runsOn);
      const stop = new AbortController();
      /** Fulfilled when it is at work; how it ends is not waited for. */
      const begun = async (work: (onBegun: () => void) => Promise<unknown>): Promise<void> => {
        const { promise, resolve } = Promise.withResolvers<void>();
        work(resolve).catch(() => {});
        await promise;
      };
      const run = (script: string, signal?: AbortSignal) =>
        begun((onLine) => host.run('sh', ['-c', script], { onLine, ...(signal && { signal }) }));
      const endless = (async function* () {
        for (;;) yield Buffer.alloc(65_536);
      })();
      for (const script of Object.values(GROUPS)) await run(script, stop.signal);
      await begun(async (onProgress) =>
        host.transfer?.send(endless, '/tmp/copy', { signal: stop.signal, onProgress }),
      );
      stop.abort();
      await until(async () => (await there.left()).length === 0, {
        what: 'the end of what was cancelled',
        timeout: 15_000,
      });
      for (const script of Object.values(GROUPS)) await run(script);
      for (const line of processesWith(there.mark, 'cmdline'))
        if (/^\d+ docker /.test(line)) process.kill(Number.parseInt(line, 10), 'SIGKILL');
      await until(async () => (await there.left()).length === 0, {
        what: 'the end of what lost its client',
        timeout: 15_000,
      });
      expect(await there.crashes()).toEqual([]);
    } finally {
      await there.remove();
    }
  });

  test('goes on, however early pg_dumpall is ended, which begins with a shell of its own', async () => {
    const there = await inContainer();
    try {
      const host = await openHost(there.runsOn);
      const words = [
        '-w',
        '--globals-only',
        '-h',
        '/tmp',
        '-p',
        String(there.container.port),
        '-U',
        'postgres',
      ];
      const endOne = async () => {
        const stop = new AbortController();
        const options = { signal: stop.signal, onStart: () => stop.abort() };
        await expect(host.run('pg_dumpall', words, options)).rejects.toMatchObject({ kind: 'cancelled' });
      };
      for (let turn = 0; turn < 8; turn++) await Promise.all([endOne(), endOne(), endOne(), endOne()]);
      await until(async () => (await there.left()).length === 0, { what: 'their end', timeout: 15_000 });
      expect(await there.crashes()).toEqual([]);
    } finally {
      await there.remove();
    }
  });

  test('goes on, though who is ended begins others all the time, each of which nobody would read', async () => {
    const there = await inContainer();
    const busy = Array.from({ length: BUSY }, () => spawn('/bin/sh', ['-c', 'while :; do :; done']));
    onTestFinished(() => {
      for (const one of busy) one.kill('SIGKILL');
    });
    try {
      const host = await openHost(there.runsOn);
      const [before] = await startedAt(there);
      const endOne = async () => {
        const stop = new AbortController();
        const options = { signal: stop.signal, onLine: () => stop.abort() };
        await expect(host.run('sh', ['-c', BEGINS], options)).rejects.toMatchObject({ kind: 'cancelled' });
      };
      for (let turn = 0; turn < 12; turn++) await Promise.all([endOne(), endOne(), endOne(), endOne()]);
      await until(async () => (await there.left()).length === 0, { what: 'their end', timeout: 30_000 });
      expect(await there.crashes()).toEqual([]);
      expect(await startedAt(there)).toEqual([before]);
    } finally {
      await there.remove();
    }
  });

  test('goes on, though what ends a program is told again and again while who watched over it is ended', async () => {
    const there = await inContainer();
    try {
      const host = await openHost(there.runsOn);
      let told: Promise<unknown> | undefined;
      const onStart = (pid: number) => {
        told = there.container.exec('sh', '-c', TELLS, 'sh', String(pid));
      };
      await host.run('sleep', ['1000'], { stallMs: 600_000, onStart }).catch(() => {});
      await told;
      await until(async () => (await there.left()).length === 0, { what: 'its end', timeout: 15_000 });
      expect(await there.crashes()).toEqual([]);
    } finally {
      await there.remove();
    }
  });
});
