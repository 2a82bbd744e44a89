import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Cluster } from '../../src/hosts/cluster/cluster.ts';
import type { Subject } from './measure.ts';
import { DATABASE } from './stage.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** A file on PATH that can be run. */
function onPath(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((directory) => join(directory, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** Where the figures of one program on one screen go: a role per subject, so that the server tells them apart. */
export const ROLES = { overview: 'pgdeck_overview', activity: 'pgdeck_activity', peer: 'peer' } as const;

/** How the console is started in a terminal, with a home of its own. */
export const consoleIn = (home: string) => ({
  file: process.execPath,
  main: MAIN,
  env: {
    PATH: process.env.PATH ?? '',
    HOME: home,
    XDG_CACHE_HOME: join(home, '.cache'),
    LC_ALL: 'C.UTF-8',
    COLORTERM: 'truecolor',
  },
});

/** pgdeck on its first screen and on its list of sessions, and pg_activity where it is installed. */
export function subjects(cluster: Pick<Cluster, 'target'>, home: string): Subject[] {
  const { host, port } = cluster.target();
  const connection = (role: string) => ['-h', host, '-p', String(port), '-U', role, '-d', DATABASE];
  const { file, env } = consoleIn(home);
  const console = {
    file,
    env,
    frame: /1 Overview +2 Activity/,
    data: /conns !*\d+\/\d+/,
    polls: 'pgdeck-monitor',
    pause: 'p',
  } satisfies Partial<Subject>;
  const keys = (last: readonly [string, RegExp]): Subject['keys'] => [
    ['3', /^ {2}Locks {2}/m],
    ['?', /Help {2}every key/],
    ['\r', /^ {2}Locks {2}/m],
    ['4', /^ {2}Table sizes {2}/m],
    last,
  ];
  const activity = ['2', /^ {2}Activity {2}/m] as const;
  const peer = onPath('pg_activity');
  return [
    {
      ...console,
      name: 'pgdeck, Overview',
      role: ROLES.overview,
      args: [MAIN, ...connection(ROLES.overview), '--interval', '1'],
      keys: keys(['1', /Cache ratio/]),
    },
    {
      ...console,
      name: 'pgdeck, Activity',
      role: ROLES.activity,
      args: [MAIN, ...connection(ROLES.activity), '--interval', '1'],
      open: activity,
      keys: keys(activity),
    },
    ...(peer === undefined
      ? []
      : [
          {
            name: 'pg_activity',
            role: ROLES.peer,
            file: peer,
            args: [...connection(ROLES.peer), '--refresh', '1'],
            env,
            frame: /RUNNING QUERIES/,
            data: /RUNNING QUERIES/,
            keys: [
              ['2', /WAITING QUERIES/],
              ['3', /BLOCKING QUERIES/],
              ['1', /RUNNING QUERIES/],
            ],
          } satisfies Subject,
        ]),
  ];
}
