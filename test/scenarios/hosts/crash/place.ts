import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunsOn } from '../../../../src/config/runs-on.ts';
import type { Target } from '../../../../src/db/target.ts';
import { throwawayCluster } from '../../../support/cluster.ts';
import { docker, postgresContainer, type TestPostgres } from '../../../support/docker/docker.ts';
import { startSshd } from '../../../support/sshd.ts';

/** Runs that are ended at every command take half an hour and are asked for, PGDECK_EVERY=1; without it, at some. */
export const EVERY = process.env.PGDECK_EVERY === '1';

/** A server somewhere, and what can be seen of what we leave there. */
export interface Elsewhere {
  readonly runsOn: RunsOn;
  /** What every client of ours that leads there has on its command line. */
  readonly mark: string;
  target(overrides?: Partial<Target>): Target;
  /** Command lines of what runs there beside the server, and paths of what lies among its temporary files. */
  left(): Promise<string[]>;
  /** What the server has said of a crash. */
  crashes(): Promise<string[]>;
  remove(): Promise<void>;
}

/** What a server says of a crash. */
export const CRASH =
  /terminated by signal|exited with exit code|reinitializing|not properly shut down|was terminated/;

export interface InContainer extends Elsewhere {
  readonly container: TestPostgres;
}

/** In a container whose first process is the server. */
export async function inContainer(): Promise<InContainer> {
  const server = await postgresContainer({ settings: { autovacuum: 'off' } });
  return {
    container: server,
    runsOn: server.runsOn,
    mark: server.id,
    target: server.target,
    left: async () => {
      const files = await server.exec('sh', '-c', 'cd /tmp; ls -A');
      return [
        ...(await server.processes()).filter((line) => !/^\s*postgres\b/.test(line)),
        ...files.split('\n').filter((name) => name !== '' && !name.startsWith('.s.PGSQL')),
      ];
    },
    crashes: async () => {
      const { stdout, stderr } = await docker(['logs', server.id]);
      return `${stdout}\n${stderr}`.split('\n').filter((line) => CRASH.test(line));
    },
    remove: server.remove,
  };
}

/** On a machine that a real sshd leads to. */
export async function overSsh(): Promise<Elsewhere> {
  const token = randomBytes(8).toString('hex');
  const temporary = mkdtempSync(join(tmpdir(), 'pgdeck-there-'));
  const sshd = await startSshd({ PGDECK_TEST_THERE: token, TMPDIR: temporary });
  const cluster = await throwawayCluster({ autovacuum: 'off' });
  return {
    runsOn: { kind: 'ssh', destination: sshd.destination, config: sshd.config },
    mark: sshd.config,
    target: (overrides) => cluster.target(overrides),
    left: async () => [...processesWith(`PGDECK_TEST_THERE=${token}`, 'environ'), ...readdirSync(temporary)],
    crashes: async () =>
      readFileSync(cluster.logFile, 'utf8')
        .split('\n')
        .filter((line) => CRASH.test(line)),
    remove: async () => {
      await cluster.remove();
      await sshd.stop();
      rmSync(temporary, { recursive: true, force: true });
    },
  };
}

/** Command lines of this machine's processes that have a text on theirs or in their environment. */
export function processesWith(text: string, file: 'cmdline' | 'environ'): string[] {
  const read = (pid: string, name: string) => {
    try {
      return readFileSync(`/proc/${pid}/${name}`, 'latin1');
    } catch {
      return '';
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid && read(name, file).includes(text))
    .map((pid) => `${pid} ${read(pid, 'cmdline').split('\0').join(' ').trim()}`);
}
