import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Host } from '../../../src/hosts/host.ts';
import { openHost } from '../../../src/hosts/open.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { NO_SSHD, type Sshd, startSshd } from '../../support/sshd.ts';
import { until } from '../../support/until.ts';
import { faultTests } from '../../support/ways/faults.ts';
import { SSH_FAULTS, sshStandIn } from '../../support/ways/stand-in.ts';

describe.skipIf(NO_SSHD !== undefined)(`commands over a real sshd${NO_SSHD ? ` (${NO_SSHD})` : ''}`, () => {
  const directory = temporaryDirectory();
  let sshd: Sshd;
  let host: Host;
  beforeAll(async () => {
    sshd = await startSshd();
    host = await openHost({ kind: 'ssh', destination: sshd.destination, config: sshd.config });
  });
  afterAll(() => sshd.stop());

  const at = (place: { destination?: string; config?: string }) =>
    openHost({ kind: 'ssh', destination: sshd.destination, config: sshd.config, ...place });

  test('exit code, output and words arrive as they are', async () => {
    const words = ["a'b", 'c d', '$HOME', '`id`', '\\', '', '*', '"', '漢', '-n'];
    const { exitCode, stdout, stderr } = await host.run('sh', [
      '-c',
      'for word; do printf "[%s]" "$word"; done; echo err >&2; exit 7',
      'sh',
      ...words,
    ]);
    expect([exitCode, stdout, stderr]).toEqual([7, words.map((word) => `[${word}]`).join(''), 'err\n']);
  });

  test('what is said of the host is what this machine says, for it is this machine', async () => {
    expect(host).toMatchObject({ kind: 'ssh', label: 'ssh db1', platform: 'linux' });
    const file = join(directory, 'there');
    await host.files.create(file, 'text');
    expect(readFileSync(file, 'utf8')).toBe('text');
  });

  test('commands go over one connection', async () => {
    const connections = () => sshd.log().split('Accepted publickey').length - 1;
    const before = connections();
    await Promise.all(['a', 'b', 'c', 'd'].map((word) => host.run('echo', [word])));
    expect(connections()).toBe(before);
  });

  test('a cancelled command leaves nothing there', async () => {
    const pid = join(directory, 'pid');
    const stop = new AbortController();
    const running = host.run('sh', ['-c', `echo $$ > ${pid}; sleep 600 & wait`], { signal: stop.signal });
    const started = await until(() => existsSync(pid) && readFileSync(pid, 'utf8').trim(), {
      what: 'its pid',
    });
    stop.abort();
    await expect(running).rejects.toMatchObject({ kind: 'cancelled' });
    await until(() => !alive(Number(started)), { what: 'its end', timeout: 10_000 });
  });

  test('its connection ends with the host that it was opened for', async () => {
    const before = masters();
    const other = await at({});
    const own = masters().filter((pid) => !before.includes(pid));
    expect(own.length).toBeGreaterThan(0);
    other.close?.();
    await until(() => !own.some(alive), { what: 'its end' });
    expect(await host.run('echo', ['there'])).toMatchObject({ stdout: 'there\n' });
  });

  test('bytes come whole', async () => {
    const [from, to] = [join(directory, 'from'), join(directory, 'to')];
    const bytes = Buffer.alloc(3_000_000, 'a\r\n\0~.');
    writeFileSync(from, bytes);
    await host.run('cat', [from], { stdoutTo: to });
    expect(readFileSync(to).equals(bytes)).toBe(true);
  });

  test('a connection that is lost fails what runs over it, with its sentence, and the next command has a new one', async () => {
    const other = await at({});
    const begun = join(directory, 'begun');
    const running = other.run('sh', ['-c', `touch ${begun}; sleep 600`]);
    const failed = expect(running).rejects.toMatchObject({
      kind: 'gone',
      message: expect.stringContaining('The way to ssh db1 was lost: the connection broke.'),
    });
    await until(() => existsSync(begun), { what: 'the command' });
    for (const pid of masters()) process.kill(pid, 'SIGKILL');
    await failed;
    expect(await other.run('echo', ['again'])).toMatchObject({ exitCode: 0, stdout: 'again\n' });
  });

  test.each([
    [
      'a host key that is not known',
      'UserKnownHostsFile /dev/null',
      /^ssh db1 is down: its host key is not known here\. Run: ssh -F \S+ db1\./,
    ],
    [
      'no key that is taken',
      'PubkeyAuthentication no',
      /^ssh db1 is down: it let nobody in \(it takes publickey\)\./,
    ],
    [
      'a port that is shut',
      'Port 1',
      /^ssh db1 is down: nothing accepts connections at 127\.0\.0\.1 port 1\./,
    ],
    ['a line of the configuration that is none', 'Nonsense yes', /Correct the ssh configuration\./],
  ])('%s has its sentence', async (_what, line, message) => {
    const config = sshd.configWith(`config-${line.split(' ')[0]}`, [line]);
    await expect(at({ config })).rejects.toMatchObject({
      kind: 'gone',
      message: expect.stringMatching(message),
    });
  });

  test('a host key that is another one than before has its sentence', async () => {
    const known = join(sshd.directory, 'known_others');
    const [type, key] = readFileSync(join(sshd.directory, 'user.pub'), 'utf8').split(' ');
    writeFileSync(known, `[127.0.0.1]:${sshd.port} ${type} ${key}\n`);
    const config = sshd.configWith('config-changed', [`UserKnownHostsFile ${known}`]);
    await expect(at({ config })).rejects.toThrow(/its host key is another one than before/);
  });

  test('a name that is not resolved has its sentence', async () => {
    await expect(at({ destination: 'nowhere.invalid' })).rejects.toThrow(
      'ssh nowhere.invalid is down: the name nowhere.invalid cannot be resolved.',
    );
  });

  test('what a Host of the configuration does for people in a terminal is not done for us', async () => {
    const marker = join(directory, 'marker');
    const config = sshd.configWith('config-people', [
      'RequestTTY force',
      'RemoteCommand echo people',
      'PermitLocalCommand yes',
      `LocalCommand touch ${marker}`,
      'ControlMaster auto',
      `ControlPath ${join(directory, 'control')}`,
    ]);
    const other = await at({ config });
    expect(await other.run('echo', ['ours'])).toMatchObject({ exitCode: 0, stdout: 'ours\n' });
    expect([existsSync(marker), existsSync(join(directory, 'control'))]).toEqual([false, false]);
  });
});

describe('an ssh that is not what it should be', () => {
  let ssh: Awaited<ReturnType<typeof sshStandIn>>;
  beforeAll(async () => {
    ssh = await sshStandIn();
  });
  afterAll(() => ssh.remove());
  const host = faultTests({
    faults: SSH_FAULTS,
    set: (fault) => ssh.set(fault),
    open: () => openHost({ kind: 'ssh', destination: 'db1' }),
  });

  test('after the connection is lost, the next command has a new one', async () => {
    await ssh.set('the connection that all go over dies');
    await expect(host().run('true', [])).rejects.toMatchObject({ kind: 'gone' });
    await ssh.set('none');
    expect(await host().run('true', [])).toMatchObject({ exitCode: 0 });
  });
});

/** The connections that commands go over. */
function masters(): number[] {
  return execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter(
      (line) => /^\s*\d+ ssh .*ControlMaster=yes/.test(line) && line.includes(`pgdeck-ssh-${process.pid}-`),
    )
    .map((line) => Number.parseInt(line, 10));
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
