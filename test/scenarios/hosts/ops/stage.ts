import { basename, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { resolvedFor } from '../../../../src/config/profile.ts';
import type { RunsOn } from '../../../../src/config/runs-on.ts';
import { NO_SETTINGS } from '../../../../src/config/settings.ts';
import { connect, type Session } from '../../../../src/db/client.ts';
import type { Target } from '../../../../src/db/target.ts';
import { CommandError, type Host } from '../../../../src/hosts/host.ts';
import { local } from '../../../../src/hosts/local.ts';
import { openHost } from '../../../../src/hosts/open.ts';
import { createContext } from '../../../../src/ops/engine/context.ts';
import type { OpContext } from '../../../../src/ops/engine/operation.ts';
import { entryOf } from '../../../../src/ops/registry.ts';

const POSTGRES = /^(psql|postgres|initdb|vacuumdb|pg_\w+)$/;

/** This machine without PostgreSQL's programs: each one that is asked for is missing. */
export const bare: Host = {
  ...local,
  run: (command, args, options) => refused(command) ?? local.run(command, args, options),
  pipe: (commands, options) =>
    commands.map(({ command }) => refused(command)).find((one) => one !== undefined) ??
    local.pipe(commands, options),
};

function refused(command: string): Promise<never> | undefined {
  if (!POSTGRES.test(basename(command))) return undefined;
  return Promise.reject(new CommandError('missing', `${command} was not found.`));
}

export interface Through {
  readonly runsOn: RunsOn;
  target(overrides?: Partial<Target>): Target;
}

/** A context of a server whose programs run where it is, with none of them on this machine; its repository is in its home. */
export async function contextThrough(
  server: Through,
  home: string,
  { database = 'shop', here = bare, programs }: { database?: string; here?: Host; programs?: string } = {},
): Promise<OpContext> {
  const { runsOn } = server;
  const resolved = resolvedFor(server.target({ database }), 'test', NO_SETTINGS);
  const context = createContext({
    resolved: {
      ...resolved,
      runsOn: { ...resolved.runsOn, server: runsOn },
      backup: { ...resolved.backup, ...(programs !== undefined && { programs }) },
    },
    operations: entryOf,
    env: {
      HOME: home,
      XDG_STATE_HOME: join(home, 'state'),
      BACKUP_DIR: join(home, 'backups'),
      PATH: process.env.PATH ?? '',
    },
    host: await openHost(runsOn),
    here,
  });
  onTestFinished(() => context.close());
  return context;
}

/** Works in a database of the server as the superuser. */
export async function inside<T>(
  server: Through,
  database: string,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await connect(server.target({ database }), 'workload', 'test-look');
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}
