import { databaseFacts } from '../../../db/queries/database/facts.ts';
import { restoreDirectories, restoreExtensions, restoreRoles } from '../../../db/queries/restore/facts.ts';
import type { Session } from '../../../db/session.ts';
import { bytes } from '../../../text/units.ts';
import { createMarked, databaseOf, type Likeness, likenessOf } from '../../database/create.ts';
import { dropFresh } from '../../database/drop.ts';
import { inMaintenance, planningSession } from '../../database/maintenance.ts';
import { verifyName } from '../../database/names.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { StepIo } from '../../engine/plan.ts';
import { takeLocks } from '../../engine/run/lock.ts';
import { fileSystemOf, isLocal } from '../../files/disk.ts';
import { findClients } from '../../programs/programs.ts';
import type { Backup } from '../../repository/repository.ts';
import { loadArchive } from '../load/load.ts';
import { selectEntries } from '../load/use-list.ts';
import { listed } from '../source/restore-list.ts';
import { compareContents } from '../verify/compare.ts';
import type { Examined } from './examine.ts';
import type { ProvingServer } from './proving-server.ts';

const MARGIN = 1.1;

/** A temporary database on the context's server, marked so that a crash leaves nothing unknown; else why not. */
export async function besideServer(
  io: StepIo,
  context: OpContext,
  examined: Examined,
): Promise<ProvingServer> {
  const { backup, bytes: contents, wants, major, toc, expected } = examined;
  if (context.readOnly)
    return { ok: false, why: `${context.place} is read-only, so it gets no temporary database.` };
  const session = await planningSession(context);
  const { server } = session;
  if (toc === undefined && wants.subscriptions)
    return { ok: false, why: `It holds a subscription, which no database has for a moment only.` };
  if (server.major < major)
    return {
      ok: false,
      why: `${context.place} is PostgreSQL ${server.version}, and the backup is of ${major}.`,
    };
  const found = await findClients(
    context,
    server,
    toc === undefined ? ['psql'] : ['pg_restore', 'psql'],
    major,
  );
  const { clients } = found;
  if (clients === undefined) return { ok: false, why: found.check.detail };
  const wanted = backup.manifest?.extensions.map(({ name }) => name) ?? [];
  const extensions = await session.run(restoreExtensions, { extensions: wanted });
  const closed = extensions.filter(({ known, open }) => !known || (!open && !server.rights.superuser));
  if (closed.some(({ name }) => name !== 'plpgsql'))
    return { ok: false, why: `${context.place} cannot create ${closed.map(({ name }) => name).join(', ')}.` };
  const full = await noRoom(session, context, backup);
  if (full !== undefined) return { ok: false, why: full };
  const roles = await session.run(restoreRoles, { roles: backup.manifest?.roles ?? [] });
  const noOwner =
    backup.manifest === undefined ||
    roles.some(({ known, usable }) => !known || (usable === false && !server.rights.superuser));
  const all = toc && selectEntries(toc, server, await listed(backup));
  // a subscription would stand in the way of dropping the database, and connect to another server
  const kept = all?.kept.filter(
    ({ type, line }) => !/SUBSCRIPTION/.test(type) && !/ - SUBSCRIPTION /.test(line),
  );
  const target = backup.database ?? context.target.database;
  const database = verifyName(target, io.run);
  const like = await likeness(context, backup.manifest?.database);
  return {
    ok: true,
    use: async (work) => {
      // others tell by it that the run is at work, and leave the database alone
      const lock = await context.open(`pgdeck-lock:${io.run}`, session.server.database);
      try {
        await takeLocks(lock, [{ family: 'verify', database: target }]);
        await inMaintenance(io, (admin) =>
          createMarked(io, admin, {
            fresh: database,
            like,
            marker: { pgdeck: 'verifying', target, run: io.run },
            open: false,
          }),
        );
        return await work({
          name: `a temporary database on ${context.place}`,
          differs:
            server.major === major
              ? undefined
              : `PostgreSQL ${server.version}, and the backup is of ${major}`,
          load: (step) =>
            loadArchive(step, context, {
              bytes: contents,
              clients,
              kind: backup.kind,
              path: backup.archive,
              database,
              jobs: 1,
              noOwner,
              noTablespaces: true,
              stripTimeout: clients.major >= 17 && server.major < 17,
              ...(kept && { entries: kept, filtered: kept.length < (toc?.entries.length ?? 0) }),
              expected,
            }),
          compare: async (step) => {
            const inside = await step.connect(database);
            try {
              const { table, ...compared } = await compareContents(inside, expected, {
                signal: step.signal,
                onProgress: step.progress,
              });
              step.result(table);
              return compared;
            } finally {
              await inside.close();
            }
          },
        });
      } finally {
        await inMaintenance(io, (admin) => dropFresh(admin, database, io.run));
        await lock.close();
      }
    },
  };
}

/** Why the server has no room for it, one sentence; undefined where it has, or where that cannot be seen. */
async function noRoom(
  session: Session,
  context: OpContext,
  { manifest, bytes: size }: Backup,
): Promise<string | undefined> {
  if (!isLocal(context)) return undefined;
  const [row] = await session.run(restoreDirectories, { database: 'postgres' });
  const data = (manifest?.database.bytes ?? size * 10) * MARGIN;
  const wal = Math.min(row?.wal_bytes ?? data, data);
  const places = [
    await fileSystemOf(context.host, row?.directory ?? ''),
    await fileSystemOf(context.host, row?.wal_directory ?? ''),
  ] as const;
  const together = places[0]?.device === places[1]?.device;
  for (const [at, needed] of [data + (together ? wal : 0), wal].entries()) {
    const free = places[at]?.free;
    const directory = at === 0 ? row?.directory : row?.wal_directory;
    if (free !== undefined && free < needed)
      return `${directory} of ${context.place} has ${bytes(free)} free, and about ${bytes(needed)} are needed.`;
  }
  return undefined;
}

async function likeness(
  context: OpContext,
  like: NonNullable<Examined['backup']['manifest']>['database'] | undefined,
): Promise<Likeness> {
  const session = await planningSession(context);
  if (like !== undefined && like.collate !== null && like.ctype !== null)
    return {
      encoding: like.encoding,
      lc_collate: like.collate,
      lc_ctype: like.ctype,
      provider: session.server.major >= 15 ? like.locale_provider : null,
      locale: like.locale,
      icu_rules: like.icu_rules,
    };
  const [facts] = await session.run(databaseFacts, { database: context.target.database });
  const { owner, tablespace, ...rest } = likenessOf(facts ?? (await databaseOf(session, 'template1')));
  return rest;
}
