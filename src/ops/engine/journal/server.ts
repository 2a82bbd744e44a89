import { systemIdentifier } from '../../database/identity.ts';
import { planningSession } from '../../database/maintenance.ts';
import type { OpContext } from '../operation.ts';
import type { Run } from './runs.ts';

/** `host:port` of `user@host:port/database`; undefined where a run was about a directory of this machine. */
export function addressOf(server: string): string | undefined {
  return /^[^/]*?@(.+?:\d+)\//.exec(server)?.[1];
}

/** The role of `user@host:port/database`, whose name may hold an @ itself. */
export function roleOf(server: string): string | undefined {
  return /^(.*)@(?:\[[^\]]*\]|\/.*|[^@/]*):\d+\//.exec(server)?.[1];
}

/** The server that is worked with now. */
export interface Here {
  /** `user@host:port/database`. */
  readonly place: string;
  readonly identifier: string | undefined;
}

/** Asks the server who it is; one that cannot be reached is known by its address. */
export async function serverHere(context: OpContext): Promise<Here> {
  const { place } = context;
  try {
    return { place, identifier: await systemIdentifier(await planningSession(context)) };
  } catch {
    return { place, identifier: undefined };
  }
}

/**
 * Whether a run was on this server: the database and the role may be others, and so may the name of the host. An
 * address that has got another server since is not the same, which a port that is forwarded easily does.
 */
export function isOnServer(
  { server, system_identifier }: Pick<Run, 'server' | 'system_identifier'>,
  { place, identifier }: Here,
): boolean {
  const address = addressOf(server);
  if (address === undefined) return true;
  if (system_identifier !== undefined && identifier !== undefined) return system_identifier === identifier;
  return address === addressOf(place);
}
