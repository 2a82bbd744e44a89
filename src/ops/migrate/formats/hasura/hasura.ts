import { settingAbove } from '../shared/evidence.ts';
import { defineFormat } from '../shared/format.ts';
import { ledger } from './ledger.ts';
import { reader } from './reader.ts';

export const hasura = defineFormat({
  name: 'hasura',
  title: 'Hasura',
  files:
    '`TIME_name/up.sql` and `down.sql` in `migrations/DATABASE`, in a project with the `config.yaml` of Hasura',
  limits: 'refused where Hasura keeps its metadata in another database; metadata is left to the tool',
  usual: ['migrations/default', 'hasura/migrations/default'],
  reader,
  ledger,
  evidence: async (place) => {
    const root = await settingAbove(place, 'config.yaml', /^(?:metadata_directory|endpoint)\s*:/m);
    return root && `config.yaml of Hasura in ${root}`;
  },
  begin: {
    first: { stamp: 13 },
    separator: '_',
    stem: (file) => file.split('/')[0] ?? file,
    files: (stem) => [
      { file: `${stem}/up.sql`, text: '' },
      { file: `${stem}/down.sql`, text: '' },
    ],
  },
});
