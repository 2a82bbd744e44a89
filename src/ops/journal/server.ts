import type { Run } from './runs.ts';

/** `host:port` of `user@host:port/database`; undefined where a run was about a directory of this machine. */
export function addressOf(server: string): string | undefined {
  return /^[^/]*?@(.+?:\d+)\//.exec(server)?.[1];
}

/** Whether a run was on the server of `place`: the database and the role may be others. */
export function isOnServer({ server }: Pick<Run, 'server'>, place: string): boolean {
  const address = addressOf(server);
  return address === undefined || address === addressOf(place);
}
