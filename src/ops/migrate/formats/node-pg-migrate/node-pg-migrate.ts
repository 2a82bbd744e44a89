import { marked } from '../shared/begin.ts';
import { defineFormat } from '../shared/format.ts';
import { ledger } from './ledger.ts';
import { reader } from './reader.ts';

export const nodePgMigrate = defineFormat({
  name: 'node-pg-migrate',
  title: 'node-pg-migrate',
  files: '`TIME_name.sql` with `-- Up Migration` and `-- Down Migration`',
  limits: 'programs of JavaScript are left to the tool',
  reader,
  ledger,
  begin: marked({ stamp: 13 }, '-- Up Migration', '-- Down Migration'),
});
