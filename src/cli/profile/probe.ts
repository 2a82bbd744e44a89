import { withPassword } from '../../config/password.ts';
import type { Resolved } from '../../config/profile.ts';
import { connect, type Session } from '../../db/client.ts';
import { place } from '../../db/errors.ts';
import { grant, type Rights, type Server } from '../../db/server.ts';
import { tlsQuery } from '../../db/tls.ts';
import { cleanLine } from '../../text/clean.ts';

/** A role that would let pgdeck see or do more. */
export interface MissingRight {
  readonly role: string;
  readonly for: string;
  readonly grant: string;
}

/** What `profile test` found. */
export interface Probe {
  readonly name: string;
  readonly server: string;
  readonly version: string;
  readonly state: 'primary' | 'standby';
  readonly role: string;
  /** Protocol and cipher; null where the connection is not encrypted. */
  readonly tls: string | null;
  readonly latency_ms: number;
  readonly missing: readonly MissingRight[];
}

const WANTED: readonly (readonly [right: keyof Rights, purpose: string, since: number])[] = [
  ['pg_monitor', 'the sessions and statements of others', 13],
  ['pg_signal_backend', 'cancel and terminate sessions of others', 13],
  ['pg_signal_autovacuum_worker', 'cancel an autovacuum', 18],
];

/** As `profile test` prints it, cleaned. */
export function probeLines({ missing, ...rest }: Probe): string[] {
  return [
    ...Object.entries(rest).map(
      ([field, value]) => `${field.padEnd(14)}  ${cleanLine(String(value ?? '-'))}`,
    ),
    ...missing.map(
      ({ role, for: purpose, grant }) => `missing         ${role} (${purpose}): ${cleanLine(grant)}`,
    ),
  ];
}

/** Connects and looks round; changes nothing. Throws {@link file://../db/errors.ts DbError}. */
export async function probe(resolved: Resolved): Promise<Probe> {
  const session = await withPassword(resolved.passwords, () => connect(resolved.target, 'fast'));
  try {
    const { server } = session;
    const [tls] = await session.run(tlsQuery, undefined);
    return {
      name: resolved.name,
      server: place(resolved.target),
      version: server.version,
      state: server.standby ? 'standby' : 'primary',
      role: server.rights.superuser ? `${server.user} (superuser)` : server.user,
      tls: tls?.ssl ? [tls.version, tls.cipher].filter(Boolean).join(' ') : null,
      latency_ms: await latency(session),
      missing: missingRights(server),
    };
  } finally {
    await session.close();
  }
}

/** Roles that a server of this version has and this role has not. */
export function missingRights(server: Server): MissingRight[] {
  if (server.rights.superuser) return [];
  return WANTED.filter(([right, , since]) => server.major >= since && !server.rights[right]).map(
    ([role, purpose]) => ({ role, for: purpose, grant: grant(role, server) }),
  );
}

/** Milliseconds of the fastest of five round trips: the others also measure this machine. */
async function latency(session: Session): Promise<number> {
  let fastest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 5; i++) {
    const started = performance.now();
    await session.sql('SELECT 1');
    fastest = Math.min(fastest, performance.now() - started);
  }
  return Math.round(fastest * 100) / 100;
}
