import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openHost } from '../../../src/hosts/open.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { faultTests } from '../../support/ways/faults.ts';
import { standIn } from '../../support/ways/stand-in.ts';
import { DAEMON_FAULTS, type StandInDaemon, standInDaemon } from '../../support/ways/stand-in-daemon.ts';

describe('a daemon whose socket is asked without its client', () => {
  let docker: Awaited<ReturnType<typeof standIn>>;
  let daemon: StandInDaemon;
  beforeAll(async () => {
    docker = await standIn();
    daemon = await standInDaemon();
  });
  afterAll(async () => {
    await daemon.remove();
    await docker.remove();
  });
  const host = faultTests({
    faults: DAEMON_FAULTS,
    set: async (fault) => daemon.set(fault),
    open: () => openHost({ kind: 'docker', container: 'shop' }),
  });

  test('what goes to a file goes that way, and nothing else does', async () => {
    const path = join(temporaryDirectory(), 'out');
    const before = daemon.begun;
    await host().run('sh', ['-c', 'cat; echo why >&2; exit 3'], { input: 'shop', stdoutTo: path });
    expect(daemon.begun).toBe(before + 1);
    expect(readFileSync(path, 'utf8')).toBe('shop');
    await host().run('true', []);
    expect(daemon.begun).toBe(before + 1);
  });

  test('a disk that takes no more is what is said', async () => {
    const small = join(temporaryDirectory(), 'small');
    mkdirSync(small);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small]);
    try {
      const [from, path] = [join(temporaryDirectory(), 'much'), join(small, 'out')];
      writeFileSync(from, '');
      truncateSync(from, 3_000_000);
      await expect(host().transfer?.get(from, path)).rejects.toMatchObject({ code: 'ENOSPC' });
      expect(existsSync(path)).toBe(false);
    } finally {
      execFileSync('umount', [small]);
    }
  });

  test('it is cancelled in its middle', async () => {
    const path = join(temporaryDirectory(), 'out');
    const stop = new AbortController();
    const run = host().run('sh', ['-c', 'echo begun; exec sleep 300'], {
      stdoutTo: path,
      signal: stop.signal,
      onStart: () => stop.abort(),
    });
    await expect(run).rejects.toMatchObject({ kind: 'cancelled' });
    expect(existsSync(path)).toBe(false);
  });

  test('one that takes a connection and says nothing is not waited for, and a cancel is heard', async () => {
    const path = join(temporaryDirectory(), 'out');
    const options = { input: 'shop', stdoutTo: path };
    const stop = new AbortController();
    const asked = daemon.hush();
    const cancelled = host().run('cat', [], { ...options, signal: stop.signal });
    await asked;
    const began = performance.now();
    stop.abort();
    await expect(cancelled).rejects.toMatchObject({ kind: 'cancelled' });
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(existsSync(path)).toBe(false);
    await host().run('cat', [], options);
    expect(readFileSync(path, 'utf8')).toBe('shop');
  });
});
