import { basename } from 'node:path';
import { settingAbove } from '../shared/evidence.ts';
import { defineFormat } from '../shared/format.ts';
import { ledger } from './ledger.ts';
import { reader } from './reader.ts';

export const sqlx = defineFormat({
  name: 'sqlx',
  title: 'sqlx',
  files:
    '`TIME_name.sql`, or `TIME_name.up.sql` and `TIME_name.down.sql`, in a project whose `Cargo.toml` has sqlx',
  limits: 'what `TIME_name.sql` does has no way down',
  reader,
  ledger,
  evidence: async (place) => {
    const root = await settingAbove(place, 'Cargo.toml', /^\s*(?:\[.*dependencies\.)?sqlx(?:-cli)?\b/m);
    return root && `sqlx in Cargo.toml of ${root}`;
  },
  begin: {
    first: { stamp: 14 },
    separator: '_',
    stem: (file) => basename(file),
    // sqlx migrate add does as those do that are there
    files: (stem, there) =>
      there.length > 0 && !there.some((file) => file.endsWith('.up.sql'))
        ? [{ file: `${stem}.sql`, text: '' }]
        : [
            { file: `${stem}.up.sql`, text: '' },
            { file: `${stem}.down.sql`, text: '' },
          ],
  },
});
