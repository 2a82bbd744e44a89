import { rename } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { z } from 'zod';
import { plural } from '../../../text/units.ts';
import type { OpContext } from '../../engine/operation.ts';
import { defineOperation } from '../../engine/operation.ts';
import type { Check, Step, StepIo } from '../../engine/plan.ts';
import { diskError, exists, sync } from '../../files/durable.ts';
import { repositoryErrors } from '../errors.ts';
import { groupOf } from '../group.ts';
import { DELETING } from '../names.ts';
import { type Backup, listBackups } from '../repository.ts';
import { isSafety } from '../safety.ts';
import { removeOurs } from '../sweep.ts';
import { backupFields, backupInput, factsOf, named } from './field.ts';
import { usageChecks } from './uses.ts';

/** Removes a backup from the repository, with everything that belongs to it. */
export const remove = defineOperation({
  id: 'backups delete',
  input: z.object({ ...backupInput, force: z.boolean().default(false) }),
  fields: {
    id: backupFields.id,
    force: { title: 'Even if pinned', hint: 'delete it even though it is pinned' },
    dir: backupFields.dir,
  },
  plan: async (input, context) => {
    const { directory, backup } = await named(input, context);
    if (dirname(backup.path) !== directory)
      throw repositoryErrors.notInRepository({ path: backup.path, directory });
    return {
      operation: 'backups delete',
      title: `Delete ${backup.id}`,
      subject: backup.id,
      danger: 'confirm',
      writes: false,
      server: directory,
      input,
      facts: factsOf(backup),
      checks: await checks(backup, directory, input.force, context),
      steps: [deletion(backup.path)],
      reaches: () => `${backup.id} is gone; other backups were not touched.`,
      leaves: () =>
        `Where ${backup.id} is still listed it is complete; otherwise its removal has begun, and pgdeck recover finishes it.`,
      consequence: `The backup ${backup.id} is removed from the disk and cannot be brought back.`,
    };
  },
  recover: async (run) => {
    const { deleting } = run.facts;
    if (typeof deleting !== 'string' || !(await exists(deleting))) return undefined;
    return {
      operation: 'backups delete',
      title: `Remove what is left of ${basename(deleting, DELETING)}`,
      subject: basename(deleting, DELETING),
      danger: 'none',
      writes: false,
      server: dirname(deleting),
      input: run.input,
      facts: [{ label: 'Path', value: deleting }],
      checks: [],
      steps: [
        {
          id: 'remove',
          title: 'Remove its files',
          preview: `rm -r ${deleting}`,
          run: () => removeAll(deleting),
        },
      ],
      reaches: () => 'Nothing of it is left; no listed backup was touched.',
      leaves: () => `Some of its files may be left in ${deleting}; no listed backup was touched.`,
    };
  },
});

/**
 * The step that removes a backup: it leaves the list at once, by its name, before its files go, so that none is ever
 * listed that has lost a part.
 */
export function deletion(path: string, id = 'delete'): Step {
  const deleting = path + DELETING;
  return {
    id,
    title: `Delete ${basename(path)}`,
    preview: `mv ${path} ${deleting}\nrm -r ${deleting}`,
    run: async (io: Pick<StepIo, 'record' | 'crashPoint'>) => {
      io.record({ deleting });
      try {
        await rename(path, deleting);
        await sync(dirname(path));
      } catch (error) {
        throw diskError(error, 'deleteBackup', path);
      }
      io.crashPoint(`${id}:renamed`);
      await removeAll(deleting);
    },
  };
}

async function removeAll(path: string): Promise<void> {
  try {
    await removeOurs(path);
  } catch (error) {
    throw diskError(error, 'removeRest', path);
  }
}

async function checks(
  backup: Backup,
  directory: string,
  force: boolean,
  context: OpContext,
): Promise<Check[]> {
  const found: Check[] = [];
  if (backup.manifest?.pinned)
    found.push({
      title: 'Pinned',
      status: force ? 'warn' : 'block',
      detail: force
        ? 'It is pinned, and deleted all the same.'
        : `It is pinned. Unpin it with: pgdeck backups unpin ${backup.id}, or add --force.`,
    });
  found.push(...usageChecks(context.journal, backup));
  const others = (await listBackups(directory)).filter(
    (one) => one.id !== backup.id && one.status === 'ok' && groupOf(one) === groupOf(backup),
  );
  if (backup.status === 'ok' && !isSafety(backup))
    found.push(
      others.length === 0
        ? {
            title: 'Others',
            status: 'warn',
            detail: `It is the only good backup of ${backup.database} here. Make another one first: pgdeck backup`,
          }
        : {
            title: 'Others',
            status: 'ok',
            detail: `${plural(others.length, 'other good backup')} of ${backup.database} stay.`,
          },
    );
  return found;
}
