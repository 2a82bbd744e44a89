import { capital } from '../text/capital.ts';
import { cleanLine } from '../text/clean.ts';
import { quoteIdent } from './ident.ts';
import type { Denial, Privilege } from './query.ts';
import { grant, type Server } from './server.ts';
import { tlsFailure } from './tls-error.ts';

export type ErrorKind =
  /** Nothing answers at the address, or the name is unknown. */
  | 'unreachable'
  /** The server answered and refused the login. */
  | 'auth'
  /** TLS: certificate or protocol. */
  | 'tls'
  /** The database named does not exist. */
  | 'no_database'
  /** No connection slot is left. */
  | 'slots'
  /** The server is starting up, shutting down or recovering. */
  | 'starting'
  /** The connection broke. */
  | 'lost'
  /** A timeout or a lock in the way: try again later. */
  | 'busy'
  /** A privilege is missing. */
  | 'denied'
  /** This server lacks the object or function. */
  | 'unsupported'
  | 'other';

/** The server cannot give a text as UTF-8: bytes that are no character of the database's encoding, or one that UTF-8 lacks. */
export const NOT_CONVERTED: ReadonlySet<unknown> = new Set(['22021', '22P05']);

/** A failure in one sentence with the next step; `code` is the SQLSTATE or the system's error code. */
export class DbError extends Error {
  override readonly name = 'DbError';
  readonly kind: ErrorKind;
  readonly code: string | undefined;
  readonly next: string | undefined;
  /** The same in few words, shorter and shorter, where a line has no room for the sentence; may be empty. */
  readonly brief: readonly string[];

  constructor(
    kind: ErrorKind,
    sentence: string,
    options: { next?: string; code?: string; cause?: unknown; brief?: readonly string[] } = {},
  ) {
    super(sentence, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.code = options.code;
    this.next = options.next;
    this.brief = options.brief ?? [];
  }
}

/** Where a connection was meant to go; never a password. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
}

interface Facts {
  code?: unknown;
  message?: unknown;
  errors?: unknown;
  routine?: unknown;
}

const LOCKED = 'See who holds the lock with: pgdeck show locks. Then try again.';
const CONNECTION_LOST = /^(08|57P0[124])/;
const LOST_MESSAGE = /terminated|connection (was )?(closed|ended|reset)|not queryable|Client was closed/i;

/** Sorts anything thrown by the driver. Decided by SQLSTATE or system code, never by translated text. */
export function dbError(error: unknown, address?: Address): DbError {
  if (error instanceof DbError) return error;
  const facts = (typeof error === 'object' && error !== null ? error : {}) as Facts;
  const inner = Array.isArray(facts.errors) ? (facts.errors[0] as Facts | undefined) : undefined;
  const code = text(facts.code) ?? text(inner?.code);
  const message = cleanLine(text(facts.message) || text(inner?.message) || String(error));
  const at = address === undefined ? 'the server' : place(address);
  const make = (kind: ErrorKind, sentence: string, next?: string, brief: readonly string[] = []) =>
    new DbError(kind, sentence, { ...(next && { next }), ...(code && { code }), brief, cause: error });

  switch (code) {
    case 'ECONNREFUSED':
      return make(
        'unreachable',
        `Nothing accepts connections at ${at}.`,
        'Check host and port, and that PostgreSQL is running.',
      );
    case 'ENOENT':
      return make(
        'unreachable',
        `There is no socket at ${at}.`,
        'Check that PostgreSQL is running there, or give -h HOST.',
      );
    case 'EACCES':
      return make(
        'unreachable',
        `The socket of ${at} may not be opened by this user.`,
        'Connect over TCP with -h HOST.',
      );
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return make(
        'unreachable',
        `The host name ${address?.host ?? ''} cannot be resolved.`,
        'Check the spelling and the name server.',
      );
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return make('unreachable', `${at} does not answer.`, 'Check the network, a firewall or a VPN.');
    case '28P01':
    case '28000':
      return make(
        'auth',
        `${at} refused the login: ${message}.`,
        'Check the user name, the password and pg_hba.conf.',
      );
    case '3D000':
      return make(
        'no_database',
        // in the middle of the work it may be another one than was connected to: the server names it
        address === undefined
          ? `${capital(message)}.`
          : `The database ${address.database} does not exist on ${at}.`,
        address === undefined
          ? 'See which there are with: pgdeck show database'
          : 'Name another one with -d DATABASE.',
      );
    case '53300':
      return make('slots', `${at} has no connection slot left: ${message}.`, slotsRemedy(facts, address));
    case '57P03':
      return make('starting', `${at} is not ready: ${message}.`, 'It is tried again until it is.');
    case '55P03':
      return make('busy', `The server gave it up: ${message}.`, LOCKED);
    case '57014':
    case '25P03':
      return make('busy', `The server gave it up: ${message}.`, 'Try again when it has less to do.');
    case '42501':
      return make('denied', `Not permitted: ${message}.`);
    case '0A000':
    case '42883':
    case '42P01':
    case '42703':
    case '55000':
      return make('unsupported', `This server cannot answer: ${message}.`);
  }
  if (code !== undefined && CONNECTION_LOST.test(code))
    return make('lost', `The connection to ${at} was closed: ${message}.`, undefined, [
      `It was closed: ${message}.`,
    ]);
  // the driver's own timeout has no code
  if (code === undefined && message === 'timeout expired')
    return make('unreachable', `${at} does not answer.`, 'Check the network, a firewall or a VPN.');
  // no reason came with it: the driver's words for that say nothing of the server
  if (code === 'ECONNRESET' || code === 'EPIPE' || (code === undefined && LOST_MESSAGE.test(message)))
    return make(
      'lost',
      `The connection to ${at} broke without a word from the server.`,
      'Its log says whether it crashed; else look at the network between.',
      ['It broke without a word from the server.', 'It broke without a word.'],
    );
  const tls = tlsFailure({ ...inner, ...facts }, message, address?.host ?? '');
  if (tls !== undefined) return make('tls', `TLS with ${at} failed: ${tls.cause}.`, tls.next);
  return make('other', `${message}${/[.!?]$/.test(message) ? '' : '.'}`);
}

/** `user@host:port/database`, safe to print. */
export function place(address: Address): string {
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return cleanLine(`${address.user}@${host}:${address.port}/${address.database}`);
}

/** What to show in place of rows that this role may not read, with the GRANT that would change it. */
export function denial(error: DbError, needs: Privilege, server: Server): Denial {
  if (error.kind === 'unsupported') return { reason: error.message };
  const role = needs === 'none' ? 'pg_monitor' : needs;
  return { reason: error.message, remedy: grant(role, server) };
}

/** Which limit was met is told by where the server raised it; its text may be in any language. */
function slotsRemedy({ routine }: Facts, address: Address | undefined): string {
  const name = (value: string | undefined, what: string) => (value ? quoteIdent(value) : what);
  if (routine === 'InitializeSessionUserId')
    return `It is the role's own limit: end sessions of that role, or ALTER ROLE ${name(address?.user, 'ROLE')} CONNECTION LIMIT n.`;
  if (routine === 'CheckMyDatabase')
    return `It is the database's own limit: end sessions there, or ALTER DATABASE ${name(address?.database, 'NAME')} CONNECTION LIMIT n.`;
  if (routine === 'InitPostgres')
    return 'The rest is reserved (superuser_reserved_connections, from 16 on reserved_connections): end idle sessions there, or connect as a superuser.';
  return 'A running pgdeck keeps its connections; end idle sessions there, or raise max_connections.';
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
