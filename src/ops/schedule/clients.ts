import { dirname } from 'node:path';
import type { RunsOn } from '../../config/runs-on.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Check } from '../engine/plan.ts';

/** What cron looks for programs in, where a crontab says nothing else. */
const CRON_PATH: readonly string[] = ['/usr/bin', '/bin'];

const CLIENT: Readonly<Record<RunsOn['kind'], string | undefined>> = {
  local: undefined,
  docker: 'docker',
  compose: 'docker',
  kubectl: 'kubectl',
  ssh: 'ssh',
};

/** What a job that needs other programs begins with, and what is said of them. */
export interface Clients {
  /** Words before the program: they put the directories on its PATH that cron does not look into. */
  readonly before: readonly string[];
  readonly checks: readonly Check[];
}

/** Where the programs are that lead to the server and to the application: cron does not look where a person's shell does. */
export async function clientsOf({
  here,
  runsOn,
  app,
}: Pick<OpContext, 'here' | 'runsOn' | 'app'>): Promise<Clients> {
  const stops = runsOn.app.kind === 'local' ? app.parts.map(({ kind }) => kind) : [];
  const kinds = [runsOn.server.kind, runsOn.migrations.kind, runsOn.app.kind, ...stops];
  const names = new Set(
    kinds.flatMap((kind) => (kind in CLIENT ? (CLIENT[kind as RunsOn['kind']] ?? []) : [])),
  );
  const found = await Promise.all(
    [...names].map(async (name) => {
      const { stdout } = await here.run('sh', ['-c', 'command -v "$1"', 'sh', name]);
      return { name, path: stdout.trim() };
    }),
  );
  const directories = found
    .flatMap(({ path }) => (path.startsWith('/') ? [dirname(path)] : []))
    .filter((one) => !CRON_PATH.includes(one));
  return {
    before:
      directories.length === 0
        ? []
        : ['env', `PATH=${[...new Set([...directories, ...CRON_PATH])].join(':')}`],
    checks: found.map(({ name, path }) =>
      path.startsWith('/')
        ? { title: name, status: 'ok', detail: `${path}, where cron finds it by the PATH of the job` }
        : {
            title: name,
            status: 'warn',
            detail: `${name} was not found here: the job needs it on cron's PATH`,
          },
    ),
  };
}
