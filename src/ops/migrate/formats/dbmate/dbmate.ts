import { marked } from '../shared/begin.ts';
import { defineFormat } from '../shared/format.ts';
import { ledger } from './ledger.ts';
import { reader } from './reader.ts';

export const dbmate = defineFormat({
  name: 'dbmate',
  title: 'dbmate',
  files: '`TIME_name.sql` with `-- migrate:up` and `-- migrate:down`',
  reader,
  ledger,
  begin: marked({ stamp: 14 }, '-- migrate:up', '-- migrate:down'),
});
