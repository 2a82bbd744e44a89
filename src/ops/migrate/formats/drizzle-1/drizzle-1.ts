import { historyIn } from '../drizzle/config.ts';
import { DRIZZLE_1, snapshotIn } from '../drizzle/snapshot.ts';
import { defineFormat } from '../shared/format.ts';
import { ledger } from './ledger.ts';
import { reader } from './reader.ts';

export const drizzle1 = defineFormat({
  name: DRIZZLE_1,
  title: 'Drizzle 1',
  files: '`TIME_name/migration.sql`, with the `snapshot.json` of drizzle-kit 1 beside it',
  limits: 'up only; begun by `drizzle-kit generate`; a history of before 1.0 is brought up by Drizzle first',
  reader,
  readerIn: async (place) => {
    const { dialect } = (await snapshotIn(place)) ?? {};
    return dialect === undefined || /^postgres/.test(dialect)
      ? { ...reader, ...(await historyIn(place)) }
      : `snapshot.json: these migrations are for ${dialect}, not for PostgreSQL.`;
  },
  ledger,
  evidence: async (place) => {
    const found = await snapshotIn(place);
    return found && `${found.file} of drizzle-kit`;
  },
  onlyWithEvidence: true,
  begin: 'Run: npx drizzle-kit generate, with --custom --name NAME for SQL of your own.',
});
