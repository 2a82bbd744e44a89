import type { Env } from '../../config/libpq/env.ts';
import { home } from '../../config/libpq/env.ts';
import { withPassword } from '../../config/password.ts';
import type { Resolved } from '../../config/profile.ts';
import { isSamePlace, targetThere } from '../../config/runs-on.ts';
import { connect, type Session } from '../../db/client.ts';
import { DbError, place } from '../../db/errors.ts';
import { type Pooling, poolingOf } from '../../db/pooler/pooling.ts';
import type { Target } from '../../db/target.ts';
import type { Host } from '../../hosts/host.ts';
import { local } from '../../hosts/local.ts';
import { type OpenHost, openHost, reachHost, unopenedHost } from '../../hosts/reach.ts';
import { databaseErrors } from '../database/errors.ts';
import { sweepSecretFiles } from '../files/secret-files.ts';
import { connectionWords } from './connection.ts';
import { journalDirectory } from './journal/runs.ts';
import type { Examiner, FindOperation, OpContext } from './operation.ts';
import { Secrets } from './run/secrets.ts';
import type { Verdict } from './verdict.ts';

export interface ContextOptions {
  readonly resolved: Resolved;
  readonly env: Env;
  readonly operations: FindOperation;
  readonly examiner?: Examiner;
  /** Where the server's programs run, already opened; {@link openContext} opens it. */
  readonly host?: Host;
  readonly openHost?: OpenHost;
  /** The machine that it is worked from; this one without it. */
  readonly here?: Host;
  readonly now?: () => Date;
  readonly looking?: OpContext['looking'];
  /** The control session of whoever has one open; it stays theirs. */
  readonly control?: () => Session | undefined;
  /** Passwords that are known already. */
  readonly secrets?: Secrets;
  /** The run that its runs belong to. */
  readonly partOf?: string | undefined;
  /** See {@link OpContext.saved}. */
  readonly saved?: boolean;
  /** Judges a database. */
  readonly verdict?: (resolved: Resolved, signal: AbortSignal) => Promise<Verdict>;
}

/** A context with the server's host opened. Does not throw: where that cannot be reached, what needs it says so. */
export async function openContext(options: ContextOptions): Promise<OpContext> {
  if (options.host !== undefined) return createContext(options);
  const host = await reachHost(options.resolved.runsOn.server, options.openHost);
  const context = createContext({ ...options, host });
  const close = async () => {
    await context.close();
    host.close?.();
  };
  return { ...context, close };
}

/** A context for what needs no host but this machine, unless one is handed in. */
export function createContext(options: ContextOptions): OpContext {
  const { resolved, env, operations, here, now } = options;
  const { runsOn } = resolved;
  const host = options.host ?? unopenedHost(runsOn.server);
  // of one that was killed, where they had names
  sweepSecretFiles();
  const { user, database, host: machine } = resolved.target;
  const secrets = options.secrets ?? new Secrets([user, database, machine]);
  const { verdict } = options;
  const target: Target = {
    ...resolved.target,
    password: async () => secrets.addServer(await resolved.target.password()),
  };
  const sessions = new Map<string, Promise<Session>>();
  const to = (database?: string): Target => (database === undefined ? target : { ...target, database });
  let control: Promise<Session> | undefined;
  const ownControl = (): Promise<Session> => {
    control ??= withPassword(resolved.passwords, () => connect(target, 'control', 'pgdeck-control'));
    control.catch(() => {
      control = undefined;
    });
    return control;
  };
  const places = new Map<'migrations' | 'app', Promise<Host>>();
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
    there: targetThere(target, resolved.runsOn.server),
    place: place(target),
    profile: resolved.profileName,
    settingsFile: resolved.settingsFile,
    connection: connectionWords(resolved),
    environment: resolved.environment,
    readOnly: resolved.readOnly,
    host,
    runsOn,
    here: here ?? local,
    restart: resolved.restart,
    app: resolved.app,
    at: (place) => {
      const known = places.get(place);
      if (known) return known;
      const opened = isSamePlace(runsOn[place], runsOn.server)
        ? Promise.resolve(host)
        : openHost(runsOn[place], options.openHost);
      // a container of the application may be another run at its next command: the one before may have restarted it
      if (place === 'app' && runsOn.app.kind === 'docker' && !isSamePlace(runsOn.app, runsOn.server))
        return opened;
      places.set(place, opened);
      opened.catch(() => places.delete(place));
      return opened;
    },
    env,
    home: home(env),
    backup: resolved.backup,
    cleanup: resolved.cleanup,
    routine: resolved.routine,
    examiner: options.examiner,
    notify: resolved.notify,
    journal: journalDirectory(env, home(env)),
    secrets,
    passwords: resolved.passwords,
    now: now ?? (() => new Date()),
    looking: options.looking ?? (() => {}),
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
      if (purpose === 'slow' || purpose === 'plain' || !session.server.pooled) return session;
      try {
        const found = await pooling(session);
        if (found !== 'kept') throw databaseErrors.pooled({ place: place(target), pooling: found });
        await session.keep();
        return session;
      } catch (error) {
        await session.close();
        throw error;
      }
    },
    openAs: (other, name) => connect(other, 'plain', name),
    control: async () => {
      if (options.control === undefined) return ownControl();
      const lent = options.control();
      if (lent === undefined) throw new DbError('lost', 'The connection is gone.');
      return lent;
    },
    pooling,
    to: (other, partOf, saved = false) =>
      createContext({ ...options, host, secrets, partOf, saved, resolved: withDatabase(resolved, other) }),
    partOf: options.partOf,
    saved: options.saved === true,
    verdict: verdict && ((signal) => verdict(resolved, signal)),
    close: async () => {
      const open = await Promise.allSettled([...sessions.values(), ...(control ? [control] : [])]);
      sessions.clear();
      control = undefined;
      await Promise.all(open.map((one) => (one.status === 'fulfilled' ? one.value.close() : undefined)));
      // the server's own is that of whoever opened it
      for (const place of await Promise.allSettled(places.values()))
        if (place.status === 'fulfilled' && place.value !== host) place.value.close?.();
      places.clear();
    },
  };
}

/** The same connection to another database; commands that are told name it. */
function withDatabase(resolved: Resolved, database: string): Resolved {
  const { target, describe } = resolved;
  if (database === target.database) return resolved;
  const named = { field: 'database', value: database, from: 'the operation' };
  return {
    ...resolved,
    target: { ...target, database },
    describe: [...describe.filter(({ field }) => field !== 'database'), named],
  };
}
