import { join } from 'node:path';
import { defineFormat } from '../shared/format.ts';
import { JOURNAL, readerIn } from './journal.ts';
import { ledger } from './ledger.ts';
import { reader } from './reader.ts';

export const drizzle = defineFormat({
  name: 'drizzle',
  title: 'Drizzle',
  files: '`NNNN_name.sql` that `meta/_journal.json` names, with `--> statement-breakpoint`',
  limits:
    'up only; begun by `drizzle-kit generate`; a history of another name is found by `drizzle.config`, or by its sums',
  usual: ['drizzle'],
  reader,
  readerIn,
  ledger,
  evidence: async ({ host, directory }) =>
    (await host.files.exists(join(directory, JOURNAL))) ? `${JOURNAL} of Drizzle` : undefined,
  onlyWithEvidence: true,
  begin: 'Run: npx drizzle-kit generate, with --custom --name NAME for SQL of your own.',
});
