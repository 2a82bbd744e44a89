import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CommandErrorKind, Host } from '../../../src/hosts/host.ts';
import { openHost } from '../../../src/hosts/open.ts';
import { type Fault, type StandIn, standIn } from '../../support/ways/stand-in.ts';

const BYTES = 3_000_000;
const SHOP = { kind: 'docker', container: 'shop' } as const;
const write = (code: number) => ['-c', `head -c ${BYTES} /dev/zero | tr '\\0' a; echo why >&2; exit ${code}`];

describe('a docker that is not what it should be', () => {
  let docker: StandIn;
  let directory: string;
  let host: Host;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pgdeck-faults-'));
    docker = await standIn();
  });
  beforeEach(async () => {
    await docker.set('none');
    host = await openHost(SHOP);
  });
  afterAll(async () => {
    await docker.remove();
    await rm(directory, { recursive: true });
  });

  /** What a run of it is: its exit code, or the kind of the error. */
  async function outcome(code: number): Promise<number | CommandErrorKind> {
    const path = join(directory, 'out');
    try {
      const { exitCode } = await host.run('sh', write(code), { stdoutTo: path, timeout: 20_000 });
      const bytes = await readFile(path);
      return bytes.equals(Buffer.alloc(BYTES, 'a')) ? exitCode : 'other';
    } catch (error) {
      if (existsSync(path)) throw new Error('what did not come whole was kept', { cause: error });
      return (error as { kind: CommandErrorKind }).kind;
    }
  }

  test.each<Fault>([
    'none',
    'all comes, exit 1',
    'all comes, killed by a signal',
    'all comes, never closed',
    'its own words on stderr',
  ])('the command is believed: %s', async (fault) => {
    await docker.set(fault);
    expect(await outcome(0)).toBe(0);
    expect(await outcome(5)).toBe(5);
  });

  test.each<[Fault, CommandErrorKind]>([
    ['the last MB is lost, exit 0', 'transfer'],
    ['the last byte is lost, exit 0', 'transfer'],
    ['a byte is another', 'transfer'],
    ['its own words on stdout', 'transfer'],
    ['its own words in the trailer', 'gone'],
    ['the trailer is cut', 'gone'],
    ['stderr is lost', 'gone'],
    ['a trailer that it made up', 'gone'],
    ['killed in the middle', 'transfer'],
    ['the container starts anew', 'gone'],
    ['the container is removed', 'gone'],
  ])('nothing is believed: %s', async (fault, kind) => {
    await docker.set(fault);
    expect(await outcome(0)).toBe(kind);
  });

  test('what stops in the middle is ended as stalled or when its time is up', async () => {
    await docker.set('stops in the middle');
    const stalled = host.run('sh', write(0), { stallMs: 1_000 });
    await expect(stalled).rejects.toMatchObject({ kind: 'stalled' });
    await expect(host.run('sh', write(0), { timeout: 500 })).rejects.toMatchObject({ kind: 'timeout' });
  });

  test('a program whose input is cut never sees the end of it', async () => {
    const mark = join(directory, 'seen');
    await docker.set('half of the input is lost');
    const run = host.run('sh', ['-c', `cat >/dev/null; echo >'${mark}'`], { input: 'x'.repeat(200_000) });
    await expect(run).rejects.toMatchObject({ kind: expect.stringMatching(/^(signal|gone)$/) });
    expect(existsSync(mark)).toBe(false);
  });

  test.each<[Fault, CommandErrorKind, RegExp]>([
    ['no such container', 'gone', /container shop .* is not there any more/],
    ['it does not run', 'gone', /container shop was stopped/],
    ['it is paused', 'other', /docker unpause shop/],
    ['no shell', 'missing', /no shell \(sh\) in the container shop/],
    ['no user', 'other', /runs_on\.user/],
    ['no daemon', 'other', /does not reach its daemon at unix:\/\/\/var\/run\/docker\.sock:/],
    ['no permission', 'denied', /^This user may not use docker at unix:\S+docker\.sock: .* group docker/],
    [
      'it is started again and again',
      'missing',
      /container shop ends and is started again: docker logs shop/,
    ],
    ['an unknown flag', 'other', /unknown flag/],
  ])('it says so: %s', async (fault, kind, sentence) => {
    await docker.set(fault);
    await expect(host.run('true', [])).rejects.toMatchObject({
      kind,
      message: expect.stringMatching(sentence),
    });
  });

  test('without docker, or without the container, nothing begins', async () => {
    await docker.set('the container is removed');
    await host.run('true', []).catch(() => {});
    await expect(openHost(SHOP)).rejects.toMatchObject({ kind: 'missing', message: /no container shop/ });
    const before = process.env.PATH;
    process.env.PATH = directory;
    try {
      await expect(openHost(SHOP)).rejects.toMatchObject({ kind: 'missing', message: /docker\.io/ });
      await expect(host.run('true', [])).rejects.toMatchObject({ kind: 'missing', message: /docker\.io/ });
    } finally {
      process.env.PATH = before;
    }
  });
});
