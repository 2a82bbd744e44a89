import { z } from 'zod';

/** As docker names them: also the name of a file. */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,199}$/;

const namedSchema = z.strictObject({
  name: z.string().regex(NAME, 'expected the name of a volume, as docker volume ls has it'),
});

const placedSchema = z.strictObject({
  /** In the server's container, where a volume or a directory is mounted. */
  path: z
    .string()
    .startsWith('/', 'expected an absolute path in the container')
    .refine(
      (path) => path !== '/' && !path.split('/').some((part) => part === '.' || part === '..'),
      'expected a path without . and .., and not the root',
    ),
});

/** Volumes that are archived beside a backup of all of a database. */
export const volumesSchema = z
  .array(
    z.union([namedSchema, placedSchema], {
      error: 'expected {"name": "VOLUME"}, or {"path": "/a/path/in/the/container"}',
    }),
  )
  .superRefine((volumes, context) => {
    const names = volumes.map(volumeText);
    for (const [at, name] of names.entries())
      if (names.indexOf(name) < at)
        context.addIssue({ code: 'custom', path: [at], message: `expected each once, got ${name} again` });
  });

export type VolumeSetting = z.output<typeof volumesSchema>[number];

/** As it stands in the profile; a path without what ends it. */
export function volumeText(volume: VolumeSetting): string {
  return 'name' in volume ? volume.name : volume.path.replace(/\/+/g, '/').replace(/\/$/, '');
}

/** Whether docker would take it for the name of a volume. */
export const isVolumeName = (name: string): boolean => NAME.test(name);
