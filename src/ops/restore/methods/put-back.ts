import { basename } from 'node:path';
import { z } from 'zod';
import { BackupBytes } from '../../archive/bytes/bytes.ts';
import { Damage } from '../../archive/bytes/errors.ts';
import { createMarked, type Likeness } from '../../database/create.ts';
import { dropFresh } from '../../database/drop.ts';
import { inMaintenance } from '../../database/maintenance.ts';
import { freshName } from '../../database/names.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { StepIo } from '../../engine/plan.ts';
import { findClients } from '../../programs/programs.ts';
import { noteDamage } from '../../repository/note.ts';
import { type Backup, findBackup } from '../../repository/repository.ts';
import { restoreErrors } from '../errors.ts';
import { expectedOf } from '../load/expected.ts';
import { loadArchive } from '../load/load.ts';
import { compareContents, required } from '../verify/compare.ts';
import { takeName } from './take-name.ts';

/** A database that was dropped, and what it takes to have it again. */
export interface Dropped {
  readonly database: string;
  readonly likeness: Likeness;
  /** Statements for its owner, grants, settings and comment. */
  readonly properties: readonly string[];
  /** Path of the safety backup. */
  readonly safety: string;
}

export const droppedSchema = z.object({
  database: z.string(),
  likeness: z.custom<Likeness>((value) => typeof value === 'object' && value !== null),
  properties: z.array(z.string()),
  safety: z.string(),
});

/** Makes a dropped database again from its safety backup. Throws {@link OpError}; the backup stays in any case. */
export async function putBack(io: StepIo, context: OpContext, dropped: Dropped): Promise<void> {
  const { database, likeness, properties, safety } = dropped;
  const fresh = freshName(database, io.run);
  try {
    const backup = await findBackup(safety, safety);
    const bytes = await BackupBytes.of(backup);
    // what is put back is what was saved
    await comparedOrNoted(io, backup, bytes);
    const clients = await inMaintenance(io, async (session) => {
      const found = await findClients(context, session.server, ['pg_restore']);
      if (found.clients === undefined) throw restoreErrors.noPrograms({ why: found.check.detail });
      await dropFresh(session, fresh, io.run);
      const marker = { pgdeck: 'restoring' as const, target: database, run: io.run };
      // without grants of its own it was open to all; with some it gets them with its name
      const open = !properties.some((sql) => sql.startsWith('REVOKE ALL ON DATABASE '));
      await createMarked(io, session, { fresh, like: likeness, marker, open });
      return found.clients;
    });
    const expected = backup.manifest && expectedOf(backup.manifest);
    await loadArchive(io, context, {
      bytes,
      clients,
      kind: backup.kind,
      path: backup.archive,
      database: fresh,
      jobs: 2,
      noOwner: false,
      noTablespaces: false,
      stripTimeout: false,
      ...(expected && { expected }),
    });
    const session = await io.connect(fresh);
    try {
      required(await compareContents(session, expected, { signal: io.signal }));
    } finally {
      await session.close();
    }
    await inMaintenance(io, (admin) => takeName(admin, fresh, database, properties));
    io.line(`${database} is what it was, from ${backup.id}.`);
  } catch (error) {
    const { message: why } = error as Error;
    const damaged = error instanceof Damage;
    throw restoreErrors.notPutBack({ database, id: basename(safety), safety, damaged, why }, error);
  }
}

async function comparedOrNoted(io: StepIo, backup: Backup, bytes: BackupBytes): Promise<void> {
  try {
    await bytes.compare(io);
  } catch (error) {
    if (error instanceof Damage) await noteDamage(io, backup, error);
    throw error;
  }
}
