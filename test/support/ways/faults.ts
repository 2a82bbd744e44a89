import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { CommandErrorKind, Host } from '../../../src/hosts/host.ts';
import { temporaryDirectory } from '../program.ts';
import { until } from '../until.ts';
import type { Expected } from './stand-in.ts';

/** A client that is not what it should be, as its table has it. */
export interface Client<F extends string> {
  readonly faults: Readonly<Record<F, Expected>>;
  /** Makes it do that to each command from now on, and the place as it was. */
  set(fault: F | 'none'): Promise<void>;
  open(): Promise<Host>;
  /** Large files are its own input. */
  readonly handsOver?: boolean;
}

const BYTES = 3_000_000;
/** Of a file that is large. */
const LARGE = 40_000_000;
const write = (code: number) => ['-c', `head -c ${BYTES} /dev/zero | tr '\\0' a; echo why >&2; exit ${code}`];

/** Declares the tests of a client: whatever it does, a command is what its table says. Returns the host of each test. */
export function faultTests<F extends string>({
  faults,
  set,
  open,
  handsOver = false,
}: Client<F>): () => Host {
  const directory = temporaryDirectory();
  let host: Host;
  beforeEach(async () => {
    await set('none');
    host = await open();
  });

  /** What a run of it is: its exit code, or the kind of the error. */
  async function outcome(code: number, timeout = 20_000): Promise<number | CommandErrorKind> {
    const path = join(directory, 'out');
    try {
      const { exitCode } = await host.run('sh', write(code), { stdoutTo: path, timeout });
      return readFileSync(path).equals(Buffer.alloc(BYTES, 'a')) ? exitCode : 'other';
    } catch (error) {
      if (existsSync(path)) throw new Error('what did not come whole was kept', { cause: error });
      return (error as { kind: CommandErrorKind }).kind;
    }
  }

  const those = (has: (fault: Expected) => boolean) =>
    Object.entries<Expected>(faults).filter(([, fault]) => has(fault)) as [F, Expected][];
  const fails = (kind: string | undefined) => kind !== undefined && kind !== 'believed' && kind !== 'stops';

  test.each(those(({ run }) => run === 'believed'))('the command is believed: %s', async (fault) => {
    await set(fault);
    expect(await outcome(0)).toBe(0);
    expect(await outcome(5)).toBe(5);
  });

  test.each(those(({ run }) => fails(run)))(
    'nothing is believed: %s',
    { timeout: 60_000 },
    async (fault, { run, within }) => {
      await set(fault);
      expect(await outcome(0, within)).toBe(run);
    },
  );

  test.each(those(({ run }) => run === 'stops'))(
    'it is ended as stalled or when its time is up: %s',
    { timeout: 60_000 },
    async (fault) => {
      await set(fault);
      const stdoutTo = join(directory, 'out');
      const stalled = host.run('sh', write(0), { stallMs: 1_000, stdoutTo });
      await expect(stalled).rejects.toMatchObject({ kind: 'stalled' });
      await expect(host.run('sh', write(0), { timeout: 500, stdoutTo })).rejects.toMatchObject({
        kind: 'timeout',
      });
    },
  );

  test.each(those(({ reads }) => reads !== undefined))(
    'a program never sees the end of an input that is cut: %s',
    async (fault) => {
      const mark = join(directory, 'seen');
      await set(fault);
      const run = host.run('sh', ['-c', `cat >/dev/null; echo >'${mark}'`], { input: 'x'.repeat(200_000) });
      await expect(run).rejects.toMatchObject({ kind: expect.stringMatching(/^(signal|gone)$/) });
      expect(existsSync(mark)).toBe(false);
    },
  );

  test.each(those(({ put }) => put !== undefined))(
    'a copy that is not known to be whole fails: %s',
    async (fault, { put: kind }) => {
      const [here, there] = [join(directory, 'here'), join(directory, 'there')];
      writeFileSync(here, Buffer.alloc(BYTES, 'a'));
      rmSync(there, { force: true });
      await set(fault);
      await expect(host.transfer?.put(here, there)).rejects.toMatchObject({ kind });
      if (fault.includes('input')) await until(() => !existsSync(there), { what: 'the end of the copy' });
    },
  );

  test.runIf(handsOver).each(those(({ put }) => put !== undefined))(
    'a large copy is whole, or fails: %s',
    { timeout: 60_000 },
    async (fault, { put: kind, large }) => {
      const [here, there] = [join(directory, 'large here'), join(directory, 'large there')];
      writeFileSync(here, Buffer.alloc(LARGE, 'a'));
      rmSync(there, { force: true });
      await set(fault);
      const copy = host.transfer?.put(here, there);
      if (large === 'whole') await expect(copy).resolves.toEqual({ bytes: LARGE });
      else {
        await expect(copy).rejects.toMatchObject({ kind });
        if (fault.includes('input')) await until(() => !existsSync(there), { what: 'the end of the copy' });
      }
    },
  );

  test.runIf(handsOver).each(those(({ run }) => run === 'believed'))(
    'a large copy is whole: %s',
    async (fault) => {
      const [here, there] = [join(directory, 'large here'), join(directory, 'large there')];
      writeFileSync(here, Buffer.alloc(LARGE, 'a'));
      rmSync(there, { force: true });
      await set(fault);
      await expect(host.transfer?.put(here, there)).resolves.toEqual({ bytes: LARGE });
      expect(readFileSync(there).equals(readFileSync(here))).toBe(true);
    },
  );

  test.each(those(({ get }) => get !== undefined))(
    'a file that is not fetched whole is none: %s',
    async (fault, { get: kind }) => {
      const [here, there] = [join(directory, 'fetched'), join(directory, 'kept')];
      writeFileSync(there, Buffer.alloc(BYTES, 'a'));
      await set(fault);
      await expect(host.transfer?.get(there, here)).rejects.toMatchObject({ kind });
      expect(existsSync(here)).toBe(false);
    },
  );

  test.each(those(({ says }) => says !== undefined))('it says so: %s', async (fault, { says }) => {
    const [kind, sentence] = says ?? [];
    await set(fault);
    await expect(host.run('true', [])).rejects.toMatchObject({
      kind,
      message: expect.stringMatching(sentence ?? /^$/),
    });
  });

  test('the next command after all of that is as if nothing had been', async () => {
    expect(await outcome(0)).toBe(0);
  });

  return () => host;
}
