import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { start } from '../../../src/hosts/local.ts';
import { until } from '../until.ts';
import { docker } from './client.ts';
import { buildImages } from './images.ts';

/*
 * Starts the daemon and stays beside it. When its input ends, which also happens when the suite is killed, containers,
 * daemon, mounts and files go.
 */
const KEEPER = `
trap '' HUP INT TERM
d=$1
dockerd --iptables=false --ip6tables=false --ip-masq=false --bridge=none --storage-driver=vfs \\
  --data-root "$d/data" --exec-root "$d/exec" -H "unix://$d/docker.sock" --pidfile "$d/pid" >"$d/log" 2>&1 </dev/null &
p=$!
cat >/dev/null
export DOCKER_HOST="unix://$d/docker.sock"
c=$(docker ps -aq) && [ -n "$c" ] && docker rm -f $c >/dev/null 2>&1
kill -TERM $p
n=0
while kill -0 $p && [ $n -lt 150 ]; do sleep 0.1; n=$((n + 1)); done 2>/dev/null
kill -KILL $p 2>/dev/null
wait
while read -r a m b; do case $m in "$d"/*) umount -l "$m" ;; esac; done </proc/mounts
rm -rf "$d"
`;

/** A docker daemon of our own, with the images of {@link buildImages}. */
export interface Daemon {
  readonly socket: string;
  stop(): Promise<void>;
}

/** Starts one, and lets this process's docker talk to it. Throws where that cannot be, with what it said. */
export async function startDaemon(): Promise<Daemon> {
  const directory = mkdtempSync(join(tmpdir(), 'pgdeck-docker-'));
  const keeper = await start('/bin/sh', ['-c', KEEPER, 'pgdeck-dockerd', directory], { outlive: true });
  const stop = async () => {
    keeper.closeInput();
    await keeper.exited;
  };
  const socket = join(directory, 'docker.sock');
  process.env.DOCKER_HOST = `unix://${socket}`;
  try {
    await until(async () => (await docker(['version'])).exitCode === 0, {
      what: 'the docker daemon',
      timeout: process.getuid?.() === 0 ? 20_000 : 1_000,
    });
    await buildImages(join(directory, 'images'));
    return { socket, stop };
  } catch (error) {
    const log = read(join(directory, 'log'));
    await stop();
    delete process.env.DOCKER_HOST;
    const reason = [String(error), log].filter((one) => one !== '').join('; ');
    throw new Error(`no docker daemon could be started here: ${reason}`, { cause: error });
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim().split('\n').at(-1) ?? '';
  } catch {
    return '';
  }
}
