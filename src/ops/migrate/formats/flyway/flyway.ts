import { basename } from 'node:path';
import { defineFormat } from '../shared/format.ts';
import { ledger } from './ledger.ts';
import { reader } from './reader.ts';

export const flyway = defineFormat({
  name: 'flyway',
  title: 'Flyway',
  files: '`V1.2__name.sql`, `U1.2__name.sql`, `R__name.sql`, `B1.2__name.sql`, also in directories below',
  limits:
    'placeholders, callbacks and programs of Java are left to the tool; of a way down the row is that of `flyway undo`',
  reader,
  ledger,
  begin: {
    first: { counted: 1 },
    prefix: 'V',
    separator: '__',
    stem: (file) => basename(file),
    files: (stem) => [
      { file: `${stem}.sql`, text: '' },
      { file: `${stem.replace(/^V/, 'U')}.sql`, text: '' },
    ],
  },
});
