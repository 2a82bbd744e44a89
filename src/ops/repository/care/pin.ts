import { z } from 'zod';
import { shellWord } from '../../../text/shell.ts';
import { defineOperation } from '../../engine/operation.ts';
import { updateManifest } from '../update.ts';
import { backupFields, backupInput, dirFlag, factsOf, manifestOf, named } from './field.ts';

/** Keeps a backup whatever the rules of retention say. */
export const pin = pinning(true);

/** Leaves a backup to the rules of retention again. */
export const unpin = pinning(false);

function pinning(pinned: boolean) {
  const [id, title, opposite] = pinned
    ? (['backups pin', 'Pin', 'unpin'] as const)
    : (['backups unpin', 'Unpin', 'pin'] as const);
  return defineOperation({
    id,
    input: z.object(backupInput),
    fields: backupFields,
    plan: async (input, context) => {
      const { directory, backup } = await named(input, context);
      const already = manifestOf(backup).pinned === pinned;
      return {
        operation: id,
        title: `${title} ${backup.id}`,
        subject: backup.id,
        danger: 'none',
        writes: false,
        server: directory,
        input,
        facts: factsOf(backup),
        checks: already
          ? [
              {
                title: 'Pinned',
                status: 'warn',
                detail: `It is ${opposite === 'pin' ? 'not pinned' : 'pinned'} already.`,
              },
            ]
          : [],
        steps: [
          {
            id: 'pin',
            title: pinned ? 'Note that it is kept' : 'Note that it is kept no longer',
            preview: `${backup.path}/manifest.json: "pinned": ${pinned}`,
            run: async () => {
              await updateManifest(backup.path, (manifest) => ({ ...manifest, pinned }));
            },
          },
        ],
        reaches: () =>
          `Its files were not touched; ${pinned ? 'no rule removes it' : 'the rules of retention apply to it again'}.`,
        leaves: ({ done }) =>
          done.has('pin')
            ? undefined
            : `Its files were not touched. To see whether it is pinned: pgdeck backups show ${shellWord(backup.id)}${dirFlag(input.dir)}`,
        ...(!already && {
          undo: {
            command: `pgdeck backups ${opposite} ${shellWord(backup.id)}${dirFlag(input.dir)}`,
          },
        }),
      };
    },
  });
}
