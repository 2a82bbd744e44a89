import { join } from 'node:path';
import { defineFormat } from '../shared/format.ts';
import { ledger } from './ledger.ts';
import { reader } from './reader.ts';

const LOCK = 'migration_lock.toml';

export const prisma = defineFormat({
  name: 'prisma',
  title: 'Prisma',
  files: '`TIME_name/migration.sql`, and `down.sql` beside it',
  limits:
    'a `down.sql` is run by pgdeck only: Prisma has no way down; our own table is in the schema `pgdeck`',
  usual: ['prisma/migrations'],
  reader,
  readerIn: async ({ host, directory }) => {
    const lock = join(directory, LOCK);
    if (!(await host.files.exists(lock))) return reader;
    const provider = /^provider = "(.*)"/m.exec((await host.files.read(lock, 65_536)).toString('utf8'))?.[1];
    return provider === undefined || provider === 'postgresql'
      ? reader
      : `${LOCK}: these migrations are for ${provider}, not for PostgreSQL.`;
  },
  ledger,
  begin: {
    first: { stamp: 14 },
    stem: (file) => file.split('/')[0] ?? file,
    // Prisma goes on only where the provider is said
    files: (stem, there) => [
      { file: `${stem}/migration.sql`, text: '' },
      ...(there.length === 0 ? [{ file: LOCK, text: 'provider = "postgresql"\n' }] : []),
    ],
  },
});
