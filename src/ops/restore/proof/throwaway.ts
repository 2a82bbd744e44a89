import { connect, type Session } from '../../../db/client.ts';
import { DbError } from '../../../db/errors.ts';
import { quoteIdent, quoteLiteral } from '../../../db/ident.ts';
import { restoreExtensions } from '../../../db/queries/restore/facts.ts';
import type { Target } from '../../../db/target.ts';
import { type Cluster, clusterParent, createCluster } from '../../../hosts/cluster/cluster.ts';
import { bytes } from '../../../text/units.ts';
import { createSql } from '../../database/create.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { StepIo } from '../../engine/plan.ts';
import { clientEnvironment } from '../../programs/environment.ts';
import type { ClientProgram } from '../../programs/package.ts';
import { type Clients, findOn } from '../../programs/programs.ts';
import type { Backup } from '../../repository/repository.ts';
import { loadArchive } from '../load/load.ts';
import { compareContents } from '../verify/compare.ts';
import type { Examined } from './examine.ts';
import type { ProvingServer } from './proving-server.ts';

const DATABASE = 'test_restore';
const MARGIN = 1.3;
/** A new server with the segments of WAL that it begins with. */
const EMPTY_SERVER = 96 * 1024 ** 2;
const MAX_WAL = 1024 ** 3;

/** For one load and one look: nothing of it has to survive. Sizes are small: it shares the machine with others. */
const SETTINGS = {
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_connections: '20',
  autovacuum: 'off',
  max_wal_size: '1GB',
  checkpoint_timeout: '1h',
  maintenance_work_mem: '128MB',
  max_locks_per_transaction: '256',
};

/** What a test restore takes in its directory: all of it is on one file system, its WAL too. */
function roomFor({ manifest, bytes: size }: Backup): number {
  const data = (manifest?.database.bytes ?? size * 10) * MARGIN;
  return EMPTY_SERVER + data + Math.min(data, MAX_WAL);
}

/** A server of our own: of the same major, with the extensions of the backup; else why not. */
export async function throwawayServer(
  io: StepIo,
  context: OpContext,
  examined: Examined,
): Promise<ProvingServer> {
  const { major, backup } = examined;
  const binary = examined.toc !== undefined;
  const programs: ClientProgram[] = [
    'initdb',
    'postgres',
    'psql',
    ...(binary ? (['pg_restore'] as const) : []),
  ];
  const { clients } = await findOn(io.here, context, { major, version: String(major) }, programs);
  if (major === 0) return { ok: false, why: 'The backup does not say of which version it is.' };
  if (clients?.major !== major || clients.directory === undefined)
    return {
      ok: false,
      why: `This machine has no server of PostgreSQL ${major} (package postgresql-${major}).`,
    };
  const needed = roomFor(backup);
  let cluster: Cluster;
  try {
    const place = await clusterParent();
    const free = await io.here.files.free(place);
    if (free !== undefined && free < needed)
      return { ok: false, why: `${place} has ${bytes(free)} free, and about ${bytes(needed)} are needed.` };
    cluster = await createCluster({ bin: clients.directory, socketOnly: true, settings: SETTINGS });
  } catch (error) {
    if (io.signal.aborted) throw error;
    return { ok: false, why: `No server can be made in ${io.here.temporary}: ${(error as Error).message}` };
  }
  try {
    const missing = await missingExtensions(cluster, examined);
    if (missing.length > 0) {
      await cluster.remove();
      return { ok: false, why: `The PostgreSQL ${major} of this machine has no ${missing.join(', ')}.` };
    }
  } catch (error) {
    await cluster.remove();
    throw error;
  }
  return {
    ok: true,
    use: async (work) => {
      // a cancelled run ends the server too, and so the load
      const stop = () => void cluster.remove();
      io.signal.addEventListener('abort', stop, { once: true });
      try {
        const differs = await prepare(cluster, examined);
        return await work({ ...reached(cluster, context, clients, examined), differs });
      } finally {
        io.signal.removeEventListener('abort', stop);
        await cluster.remove();
      }
    },
  };
}

function reached(cluster: Cluster, context: OpContext, clients: Clients, examined: Examined) {
  const { backup, bytes: contents, list, expected, toc } = examined;
  const target = cluster.target({ database: DATABASE });
  return {
    name: `a throwaway PostgreSQL ${clients.version}`,
    load: (io: StepIo) =>
      loadArchive(io, context, {
        bytes: contents,
        clients,
        kind: backup.kind,
        path: backup.archive,
        database: DATABASE,
        jobs: Math.min(4, io.here.processors),
        noOwner: false,
        noTablespaces: true,
        stripTimeout: false,
        ...(toc && list && { entries: list.kept, filtered: list.left.length > 0 }),
        expected,
        elsewhere: {
          env: clientEnvironment(io.here, target, io.applicationName),
          connect: () => connect(target, 'operation', io.applicationName),
        },
      }),
    compare: async (io: StepIo) => {
      const session = await connect(target, 'operation', io.applicationName);
      try {
        const { table, ...found } = await compareContents(session, expected, {
          signal: io.signal,
          onProgress: io.progress,
        });
        io.result(table);
        return found;
      } finally {
        await session.close();
      }
    },
  };
}

async function inCluster<T>(target: Target, work: (session: Session) => Promise<T>): Promise<T> {
  const session = await connect(target, 'operation', 'pgdeck');
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

function missingExtensions(cluster: Cluster, { backup, toc }: Examined): Promise<string[]> {
  const extensions = backup.manifest
    ? backup.manifest.extensions.map(({ name }) => name)
    : (toc?.entries ?? []).filter(({ type }) => type === 'EXTENSION').map(({ name }) => name);
  return inCluster(cluster.target(), async (session) => {
    const rows = await session.run(restoreExtensions, { extensions });
    return rows.filter(({ known }) => !known).map(({ name }) => name);
  });
}

/**
 * The tablespaces and roles that the backup names, and the database. Every role may do everything: that event triggers,
 * subscriptions and the like belong to superusers is demanded, and who was a member of whom no dump says. Answers why
 * the database is not like the one that was dumped; undefined where it is.
 */
async function prepare(cluster: Cluster, { backup, wants }: Examined): Promise<string | undefined> {
  return inCluster(cluster.target(), async (session) => {
    const there = await session.sql('SELECT rolname::text AS name FROM pg_roles');
    const known = new Set(there.map(({ name }) => String(name)));
    for (const role of wants.roles)
      if (!known.has(role)) await session.sql(`CREATE ROLE ${quoteIdent(role)} SUPERUSER`);
    for (const [at, name] of wants.tablespaces.entries()) {
      const directory = await cluster.makeDirectory(`tablespace-${at + 1}`);
      await session.sql(`CREATE TABLESPACE ${quoteIdent(name)} LOCATION ${quoteLiteral(directory)}`);
    }
    const like = backup.manifest?.database;
    if (like === undefined || like.collate === null || like.ctype === null) {
      await session.sql(`CREATE DATABASE ${DATABASE} TEMPLATE template0`);
      return undefined;
    }
    const { encoding, collate, ctype, locale_provider: provider, locale, icu_rules } = like;
    const likeness = { encoding, lc_collate: collate, lc_ctype: ctype, provider, locale, icu_rules };
    try {
      await session.sql(createSql(DATABASE, likeness));
      return undefined;
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      // this machine may lack the locale of the server: what is tested is the backup
      const c = { lc_collate: 'C', lc_ctype: 'C', locale: null, icu_rules: null };
      await session.sql(
        createSql(DATABASE, { encoding, ...c, provider: session.server.major >= 15 ? 'c' : null }),
      );
      return `with the locale C, because this machine has no ${locale ?? collate}`;
    }
  });
}
