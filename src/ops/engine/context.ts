import type { Env } from '../../config/libpq/env.ts';
import { home } from '../../config/libpq/env.ts';
import { type Passwords, withPassword } from '../../config/password.ts';
import type { Resolved } from '../../config/profile.ts';
import type { BackupSettings } from '../../config/settings.ts';
import { connect, type Session } from '../../db/client.ts';
import { place } from '../../db/errors.ts';
import { type Pooling, poolingOf } from '../../db/pooler/pooling.ts';
import type { Target } from '../../db/target.ts';
import { local } from '../../targets/local.ts';
import type { Host } from '../../targets/target.ts';
import { DIRECT, pooled } from '../database/pooler.ts';
import { OpError } from '../error.ts';
import { sweepSecretFiles } from '../files/secret-files.ts';
import { connectionWords } from './connection.ts';
import type { FindEntry } from './entry.ts';
import { journalDirectory } from './journal/runs.ts';
import { Secrets } from './run/secrets.ts';

/** What an operation plans with: where, as whom, and what is configured. */
export interface OpContext {
  /** The server and the database that was named; passwords it hands out are known to {@link OpContext.secrets}. */
  readonly target: Target;
  /** `user@host:port/database`. */
  readonly place: string;
  /** Name of the profile, where the server is one's. */
  readonly profile: string | undefined;
  /** The connection as words of the command line, not quoted: `-h`, `localhost`. */
  readonly connection: readonly string[];
  readonly environment: Resolved['environment'];
  readonly readOnly: boolean;
  /** Where programs run. */
  readonly host: Host;
  readonly env: Env;
  readonly home: string;
  /** The backup settings of the profile. */
  readonly backup: BackupSettings;
  /** Directory of the journal. */
  readonly journal: string;
  readonly secrets: Secrets;
  readonly passwords: Passwords;
  readonly now: () => Date;
  /** Every operation there is, for those that know others by their id only. */
  readonly operations: FindEntry;
  /**
   * The session to plan with: it reads only, and waits for nothing long. Opened when first asked for. One for a
   * `migration` has the role's own search_path.
   */
  session(database?: string, purpose?: 'slow' | 'migration'): Promise<Session>;
  /**
   * A session that its caller closes. For a step of a run its timeouts are off, and for a `migration` the search_path is
   * the role's own besides; a `slow` one is to look with. Throws {@link OpError} for a step behind a pooler that would
   * leave what it sets to others.
   */
  open(name: string, database?: string, purpose?: 'operation' | 'migration' | 'slow'): Promise<Session>;
  /** What the pooler before a database does with this session's connection; found out once. Throws DbError. */
  pooling(session: Session): Promise<Pooling>;
  close(): Promise<void>;
}

export interface ContextOptions {
  readonly resolved: Resolved;
  readonly env: Env;
  readonly operations: FindEntry;
  readonly host?: Host;
  readonly now?: () => Date;
}

export function createContext({ resolved, env, operations, host, now }: ContextOptions): OpContext {
  // of one that was killed, where they had names
  sweepSecretFiles();
  const { user, database, host: machine } = resolved.target;
  const secrets = new Secrets([user, database, machine]);
  const target: Target = {
    ...resolved.target,
    password: async () => secrets.add(await resolved.target.password()),
  };
  const sessions = new Map<string, Promise<Session>>();
  const to = (database?: string): Target => (database === undefined ? target : { ...target, database });
  const poolings = new Map<string, Promise<Pooling>>();
  const pooling = (session: Session): Promise<Pooling> => {
    const { database } = session.server;
    const other = () =>
      withPassword(resolved.passwords, () =>
        connect({ ...to(database), readOnly: true }, 'slow', 'pgdeck-plan'),
      );
    const found = poolings.get(database) ?? poolingOf(session, other);
    poolings.set(database, found);
    // one that was busy may have room later
    const again = (one?: Pooling) => void (one !== 'kept' && one !== 'shared' && poolings.delete(database));
    found.then(again, () => again());
    return found;
  };
  return {
    target,
    place: place(target),
    profile: resolved.profileName,
    connection: connectionWords(resolved),
    environment: resolved.environment,
    readOnly: resolved.readOnly,
    host: host ?? local,
    env,
    home: home(env),
    backup: resolved.backup,
    journal: journalDirectory(env, home(env)),
    secrets,
    passwords: resolved.passwords,
    now: now ?? (() => new Date()),
    operations,
    session: (database = target.database, purpose = 'slow') => {
      const key = `${purpose}:${database}`;
      const known = sessions.get(key);
      if (known) return known;
      const opened = withPassword(resolved.passwords, () =>
        connect({ ...to(database), readOnly: true }, purpose, 'pgdeck-plan'),
      );
      sessions.set(key, opened);
      opened.then(
        (session) => session.onLost(() => sessions.delete(key)),
        () => sessions.delete(key),
      );
      return opened;
    },
    open: async (name, database, purpose = 'operation') => {
      const session = await withPassword(resolved.passwords, () => connect(to(database), purpose, name));
      if (purpose === 'slow' || !session.server.pooled) return session;
      try {
        const found = await pooling(session);
        if (found !== 'kept') throw new OpError('refused', pooled(place(target), found), DIRECT);
        await session.keep();
        return session;
      } catch (error) {
        await session.close();
        throw error;
      }
    },
    pooling,
    close: async () => {
      const open = await Promise.allSettled(sessions.values());
      sessions.clear();
      await Promise.all(open.map((one) => (one.status === 'fulfilled' ? one.value.close() : undefined)));
    },
  };
}
