import { basename } from 'node:path';
import { defineFormat } from '../shared/format.ts';
import { ledger } from './ledger.ts';
import { reader } from './reader.ts';

export const golangMigrate = defineFormat({
  name: 'golang-migrate',
  title: 'golang-migrate',
  files: '`N_name.up.sql` and `N_name.down.sql`',
  limits: 'its table holds the newest version only: what is below it cannot be rolled back alone',
  reader,
  ledger,
  // node-pg-migrate can be told to take pairs of files, too
  kin: ['node-pg-migrate'],
  begin: {
    first: { counted: 6 },
    stem: (file) => basename(file),
    files: (stem) => [
      { file: `${stem}.up.sql`, text: '' },
      { file: `${stem}.down.sql`, text: '' },
    ],
  },
});
