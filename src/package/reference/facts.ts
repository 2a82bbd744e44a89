import type { Term } from './commands.ts';

/** What a command ends with: the contract of scripts. */
export const EXIT_CODES: readonly Term[] = [
  { term: '0', text: 'Done.' },
  {
    term: '1',
    text: 'Failed, or cancelled; the last lines say what was rolled back and what state the data is in.',
  },
  { term: '2', text: 'Refused, or bad usage: nothing was done.' },
  { term: '3', text: 'The server could not be reached, or let nobody in.' },
];

/** What is read of the environment, beside what libpq reads. */
export const ENVIRONMENT: readonly Term[] = [
  {
    term: 'PGHOST, PGPORT, PGUSER, PGDATABASE, PGSERVICE, PGPASSFILE, PGSSLMODE …',
    text: 'Which server is meant, as for psql; options of the command line come first.',
  },
  { term: 'BACKUP_DIR', text: 'Where backups are kept.' },
  { term: 'PGDECK_AGE_IDENTITY', text: 'The identity of age that opens encrypted copies of backups.' },
  { term: 'PGDECK_SMTP_URL, PGDECK_WEBHOOK_URL', text: 'Where notifications go: both may hold a password.' },
  {
    term: 'PGDECK_LISTEN_TOKEN',
    text: 'What whoever reads the figures of pgdeck watch --listen has to show.',
  },
  {
    term: 'PGDECK_COMPLETION_TIMEOUT',
    text: 'Milliseconds that the completion of a shell waits for a server (300).',
  },
  { term: 'PGDECK_DEBUG', text: 'With 1, an error that pgdeck did not expect is told with its stack.' },
  { term: 'NO_COLOR', text: 'Set to anything: no colours.' },
  { term: 'XDG_CONFIG_HOME, XDG_STATE_HOME, XDG_CACHE_HOME', text: 'Where the files below lie.' },
];

export const FILES: readonly Term[] = [
  {
    term: '~/.config/pgdeck/config.json',
    text: 'The settings: profiles, thresholds, notifications, routines.',
  },
  { term: '~/.local/state/pgdeck/', text: 'The journal: what was done, and what undo and recover need.' },
  { term: '~/.cache/pgdeck/', text: 'Compiled code; may be removed at any time.' },
  { term: '~/.pgpass, ~/.pg_service.conf', text: 'Passwords and services, as for psql.' },
  { term: 'pgdeck.setup.json', text: 'In a project: what pgdeck db setup and db upgrade do.' },
];
