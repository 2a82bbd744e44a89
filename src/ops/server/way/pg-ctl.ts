import { join } from 'node:path';
import type { Host, HostFiles } from '../../../hosts/host.ts';
import type { Here } from '../../settings/here.ts';
import type { Way } from './way.ts';

interface No {
  /** A sentence. */
  readonly why: string;
  /** What to do instead. */
  readonly setting?: string;
}

const SMALL = 65_536;

/**
 * `pg_ctl restart` of a server of this machine: where its process is this user's, or this is root, and nothing else
 * starts it. A service manager would take the end of the process for a crash, and a pipe that its messages go to would be
 * held by nobody.
 */
export async function pgCtl(
  { files, run }: Pick<Host, 'files' | 'run'>,
  { pid, data, bin }: Here,
  stopSeconds: number,
): Promise<Way | No> {
  const [unit, owner, own, output] = await Promise.all([
    unitOf(files, pid),
    ownerOf(files, String(pid)),
    ownerOf(files, 'self'),
    files.real(`/proc/${pid}/fd/2`).catch(() => undefined),
  ]);
  if (unit !== undefined)
    return {
      why: `The server is the service ${unit}, which is not restarted behind the back of its manager.`,
      setting: `name the command in the profile: "restart": "sudo systemctl restart ${unit}"`,
    };
  if (owner === undefined || own === undefined) return { why: 'Whose process the server is, is not known.' };
  if (owner.uid !== own.uid && own.uid !== 0)
    return { why: `The server runs as another user (uid ${owner.uid}).` };
  if (output === undefined)
    return { why: 'Somebody reads the messages of the server through a pipe, and may watch over it.' };
  const kind = (await files.facts(output).catch(() => undefined))?.kind;
  if (kind !== 'file' && output !== '/dev/null')
    return { why: `The messages of the server go to ${output}: somebody may watch over it.` };
  const user = own.uid === 0 && owner.uid !== 0 ? owner : {};
  const writable = await run('sh', ['-c', 'test -w "$1"', 'sh', output], { ...user, cwd: '/' });
  if (writable.exitCode !== 0)
    return { why: `Its messages go to ${output}, which the user of the server may not open again.` };
  return {
    kind: 'pg_ctl',
    on: 'host',
    command: join(bin, 'pg_ctl'),
    args: ['restart', '-D', data, '-m', 'fast', '-w', '-t', String(stopSeconds), '-l', output],
    ...user,
  };
}

/** The service of systemd that a process is of; undefined for none, and for one of a person's own session. */
async function unitOf(files: HostFiles, pid: number): Promise<string | undefined> {
  const text = (await files.read(`/proc/${pid}/cgroup`, SMALL).catch(() => Buffer.of())).toString('utf8');
  const [, unit] = /\/([^/\s]+\.service)(?:\/[^/]*)?$/m.exec(text) ?? [];
  return unit === undefined || /^(user@|session|docker|containerd|ssh|cron)/.test(unit) ? undefined : unit;
}

async function ownerOf(
  files: HostFiles,
  pid: string,
): Promise<{ readonly uid: number; readonly gid: number } | undefined> {
  const status = (await files.read(`/proc/${pid}/status`, SMALL).catch(() => Buffer.of())).toString('utf8');
  // of the process as it acts, not as it was begun
  const id = (name: string) => new RegExp(`^${name}:\\s+\\d+\\s+(\\d+)`, 'm').exec(status)?.[1];
  const [uid, gid] = [id('Uid'), id('Gid')];
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}
