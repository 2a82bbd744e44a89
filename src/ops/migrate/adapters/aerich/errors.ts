import { join } from 'node:path';
import { shellWord } from '../../../../text/shell.ts';
import { defineErrors, refused } from '../../../error.ts';

export const aerichErrors = defineErrors('migrate.adapters.aerich', {
  notBegun: ({ location, root }: { location: string; root: string }) =>
    refused(
      `There are no migrations of Aerich in ${location}.`,
      `Aerich makes the first one and the tables of the models at once, when it is not begun yet: (cd ${shellWord(root)} && aerich init-db)`,
    ),
  severalApps: ({ location, apps }: { location: string; apps: readonly string[] }) =>
    refused(
      `Aerich has several apps here: ${apps.join(', ')}.`,
      `Name one with --dir ${join(location, '…')}`,
    ),
});
