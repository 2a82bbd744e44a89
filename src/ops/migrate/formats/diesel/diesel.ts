import { settingAbove } from '../shared/evidence.ts';
import { defineFormat } from '../shared/format.ts';
import { ledger } from './ledger.ts';
import { reader } from './reader.ts';

export const diesel = defineFormat({
  name: 'diesel',
  title: 'Diesel',
  files:
    '`TIME_name/up.sql` and `down.sql`, in a project with `diesel.toml`, or whose `Cargo.toml` has diesel',
  limits: 'migrations in Rust are not seen',
  reader,
  ledger,
  evidence: async (place) => {
    const settings = await settingAbove(place, 'diesel.toml', /^/);
    if (settings !== undefined) return `diesel.toml in ${settings}`;
    const root = await settingAbove(
      place,
      'Cargo.toml',
      /^\s*(?:\[.*dependencies\.)?diesel(?:_migrations|-async)?\b/m,
    );
    return root && `diesel in Cargo.toml of ${root}`;
  },
  begin: {
    first: { dashed: true },
    separator: '_',
    stem: (file) => file.split('/')[0] ?? file,
    files: (stem) => [
      { file: `${stem}/up.sql`, text: '-- Your SQL goes here\n' },
      { file: `${stem}/down.sql`, text: '-- This file should undo anything in `up.sql`\n' },
    ],
  },
});
