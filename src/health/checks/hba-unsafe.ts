import { type HbaRow, hbaPoll } from '../../db/queries/hba.ts';
import { settingsPoll } from '../../db/queries/settings.ts';
import { plural } from '../../text/units.ts';
import { defineCheck } from '../check.ts';
import type { Found, Severity } from '../finding.ts';
import { ServerSettings } from '../settings.ts';

const FILE = 'Change the lines in pg_hba.conf to scram-sha-256 and reload; give the roles passwords first.';

/** A password that is sent as it is is safe there. */
const ENCRYPTED = ['hostssl', 'hostgssenc'];

/** Who gets in without proving who he is. */
export const hbaUnsafe = defineCheck({
  id: 'hba_unsafe',
  title: 'Rules of pg_hba.conf',
  category: 'security',
  fix: '`pg_hba.conf`',
  reads: [settingsPoll, hbaPoll],
  judge: ({ figures }) => {
    const listens = new ServerSettings(figures.rows(settingsPoll)).text('listen_addresses') ?? '';
    const rows = figures.rows(hbaPoll);
    // one with a type was understood: that it can never match, as hostssl without SSL, is no fault
    const wrong = rows.filter(({ error, type }) => error !== null && type === null);
    const rules = rows.filter(({ error }) => error === null);
    const open = rules.filter(({ method, type }) => method === 'trust' || !ENCRYPTED.includes(type ?? ''));
    const byPlace = Map.groupBy(open, (row) => `${row.method} ${placeOf(row)}`);
    return {
      findings: [
        ...(wrong.length > 0 ? [broken(wrong)] : []),
        ...[...byPlace].flatMap(([object, some]) => ofPlace(object, some, listens)),
      ],
    };
  },
});

function ofPlace(object: string, rows: readonly HbaRow[], listens: string): Found[] {
  const [first] = rows;
  if (first === undefined) return [];
  const place = placeOf(first);
  const { method } = first;
  // from this machine the password goes through no network
  if (place === LOCAL && method !== 'trust') return [];
  const trust = method === 'trust';
  const reached = place !== LOCAL && listensBeyond(listens);
  const wide = place === ANYWHERE ? 'critical' : ONE.test(place) ? 'warning' : 'alert';
  const severity: Severity = !reached ? 'info' : trust ? wide : 'warning';
  const who = place === LOCAL ? 'Anybody on the machine of the server' : `Anybody from ${place}`;
  const roles = distinct(rows.map((row) => row.roles));
  return [
    {
      object,
      severity,
      title: trust
        ? `${who} gets in as any of these roles without a password: ${roles}.`
        : method === 'ident'
          ? `Whoever answers for a machine of ${place} says which role gets in (ident): ${roles}.`
          : `Passwords of clients from ${place} may come unencrypted (password): ${roles}.`,
      evidence: `${lines(rows)} of pg_hba.conf now, for databases: ${distinct(rows.map((row) => row.databases))}; an earlier line that fits is taken before. listen_addresses is '${listens}'.`,
      why: trust
        ? 'Where it says all, that includes superusers, who can read and change everything and run programs.'
        : 'Who sees the network, or has a machine in it, can become that role.',
      remedy: { advice: FILE },
    },
  ];
}

function broken(rows: readonly HbaRow[]): Found {
  return {
    object: 'error',
    severity: 'alert',
    // what the server says of a line may have its secret in it, such as that of an LDAP server
    title: `pg_hba.conf has ${plural(rows.length, 'error')}: ${lines(rows).toLowerCase()}.`,
    evidence: 'The file as it is now, read by the server (pg_hba_file_rules).',
    why: 'A reload takes nothing of the file, so what was changed in it is not in force; and the server will not start again.',
    remedy: {
      advice:
        'See what is wrong with SELECT line_number, error FROM pg_hba_file_rules WHERE error IS NOT NULL; correct it and reload.',
    },
  };
}

function lines(rows: readonly HbaRow[]): string {
  return `${rows.length === 1 ? 'Line' : 'Lines'} ${rows.map(({ line_number }) => line_number ?? '?').join(', ')}`;
}

function distinct(lists: readonly (string | null)[]): string {
  return [...new Set(lists.flatMap((list) => list?.split(',') ?? []))].join(', ');
}

/** A single machine. */
const ONE = /^[^:]*\/32$|\/128$/;
const LOCAL = 'local';
const ANYWHERE = 'anywhere';

/** Where a rule lets in from: `local`, `anywhere`, `10.0.0.0/8`, a name. */
function placeOf({ type, address, netmask }: HbaRow): string {
  if (type === 'local' || address === null || address === 'samehost') return LOCAL;
  if (address === 'all') return ANYWHERE;
  if (netmask === null) return address;
  const bits = prefix(netmask);
  if (bits === 0) return ANYWHERE;
  return address === '::1' || (address.startsWith('127.') && bits >= 8) ? LOCAL : `${address}/${bits}`;
}

/** The bits of a netmask, as many as there are before the slash of an address: `255.0.0.0`, `ffff:ffff::`. */
function prefix(netmask: string): number {
  const [base, width]: [number, RegExp] = netmask.includes(':') ? [16, /:+/] : [10, /\./];
  const ones = (part: string) =>
    Number.parseInt(part || '0', base)
      .toString(2)
      .replaceAll('0', '').length;
  return netmask.split(width).reduce((sum, part) => sum + ones(part), 0);
}

function listensBeyond(addresses: string): boolean {
  const named = addresses.split(',').map((one) => one.trim());
  return named.some((one) => one !== '' && one !== 'localhost' && one !== '::1' && !one.startsWith('127.'));
}
