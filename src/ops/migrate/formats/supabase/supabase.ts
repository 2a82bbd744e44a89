import { basename, dirname } from 'node:path';
import { settingAbove } from '../shared/evidence.ts';
import { defineFormat } from '../shared/format.ts';
import { ledger } from './ledger.ts';
import { reader } from './reader.ts';

export const supabase = defineFormat({
  name: 'supabase',
  title: 'Supabase',
  files: '`TIME_name.sql` in `supabase/migrations`',
  limits: 'up only; seeds are left to the tool',
  usual: ['supabase/migrations'],
  reader,
  ledger,
  evidence: async (place) => {
    const { directory } = place;
    if (basename(directory) !== 'migrations') return undefined;
    if (basename(dirname(directory)) === 'supabase') return 'the directory supabase';
    const root = await settingAbove(place, 'config.toml', /^\s*project_id\s*=/m);
    return root === dirname(directory) ? `config.toml of Supabase in ${root}` : undefined;
  },
  begin: {
    first: { stamp: 14 },
    separator: '_',
    stem: (file) => basename(file),
    files: (stem) => [{ file: `${stem}.sql`, text: '' }],
  },
});
