import type { Severity } from '../finding.ts';

/** A setting, and when it is dangerous. */
export interface Rule {
  readonly name: string;
  readonly unsafe: (value: string) => boolean;
  readonly severity: Severity;
  /** What can happen, in one sentence. */
  readonly why: string;
  /** What to set it to. */
  readonly better: string;
  /** A reload is not enough. */
  readonly restart?: boolean;
  /** What is still to be done then. */
  readonly after?: string;
}

const on = (value: string) => value === 'on';
const off = (value: string) => value === 'off';

/** More than half of what there is: autovacuum against wraparound begins when little is left. */
const LATE_FREEZE = 1_500_000_000;

/** The settings with which a server is not what a DBA takes it for. autovacuum has a check of its own. */
export const RULES: readonly Rule[] = [
  {
    name: 'fsync',
    unsafe: off,
    severity: 'critical',
    why: 'A crash of the machine, or a power failure, can leave the whole cluster corrupt beyond repair.',
    better: 'on',
    // "for reliable recovery when changing fsync from off to on" (documentation of fsync)
    after:
      'Then run sync on its machine: what was written before may still be in the memory of the kernel only.',
  },
  {
    name: 'full_page_writes',
    unsafe: off,
    severity: 'alert',
    why: 'A page half written in a crash stays so, unless the file system writes 8 kB at once, as ZFS does.',
    better: 'on',
  },
  {
    name: 'synchronous_commit',
    unsafe: off,
    severity: 'info',
    why: 'A crash loses the commits of the last moments that clients were told of; nothing gets corrupt.',
    better: 'on',
  },
  {
    name: 'zero_damaged_pages',
    unsafe: on,
    severity: 'critical',
    why: 'A damaged page that is read is emptied, with all of its rows, and nobody is told but the log.',
    better: 'off',
  },
  {
    name: 'ignore_checksum_failure',
    unsafe: on,
    severity: 'alert',
    why: 'Damaged pages are read as if they were whole, and wrong values go on into other tables and backups.',
    better: 'off',
  },
  {
    name: 'ignore_invalid_pages',
    unsafe: on,
    severity: 'alert',
    why: 'Recovery goes on over pages that should be there and are not: what it ends with may be corrupt.',
    better: 'off',
    restart: true,
  },
  {
    name: 'data_sync_retry',
    unsafe: on,
    severity: 'alert',
    why: 'After a failed fsync the system may have dropped the data: the retry succeeds, and the data is lost.',
    better: 'off',
    restart: true,
  },
  {
    name: 'ignore_system_indexes',
    unsafe: on,
    severity: 'warning',
    why: 'It is meant for the repair of a catalog: each look at one reads all of it.',
    better: 'off',
  },
  {
    name: 'allow_system_table_mods',
    unsafe: on,
    severity: 'warning',
    why: 'Superusers can change the tables of the system, which can lose data and keep the server from starting.',
    better: 'off',
  },
  {
    name: 'session_replication_role',
    unsafe: (value) => value === 'replica',
    severity: 'alert',
    why: 'Foreign keys are not checked and ordinary triggers do not fire for what is written in such sessions.',
    better: 'origin',
  },
  {
    name: 'password_encryption',
    unsafe: (value) => value === 'md5' || value === 'on',
    severity: 'warning',
    why: 'New passwords are kept as MD5 hashes, which are enough to log in with and quickly guessed.',
    better: 'scram-sha-256',
  },
  {
    name: 'wal_level',
    unsafe: (value) => value === 'minimal',
    severity: 'info',
    why: 'No base backup, no standby and no point-in-time recovery is possible.',
    better: 'replica',
    restart: true,
  },
  {
    name: 'autovacuum_freeze_max_age',
    unsafe: (value) => Number(value) > LATE_FREEZE,
    severity: 'warning',
    why: 'VACUUM to prevent wraparound is forced so late that there may be no time left for it before the server stops taking writes.',
    better: '200000000',
    restart: true,
  },
];
