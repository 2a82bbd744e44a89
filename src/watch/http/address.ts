import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import { UsageError } from '../../config/usage-error.ts';

/** Where a server listens. */
export interface ListenAddress {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

/** Who asks for a port alone means this machine. */
const LOOPBACK = '127.0.0.1';
const NEXT =
  'Write a port, or an address and a port: 9187, 127.0.0.1:9187, [::1]:9187, 0.0.0.0:9187 for all addresses.';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Reads what follows `--listen`. Throws UsageError. */
export function parseListen(text: string): ListenAddress {
  const [, bracketed, plain, digits] = /^(?:(?:\[([^[\]]*)\]|([^:[\]]*)):)?(\d+)$/.exec(text.trim()) ?? [];
  if (digits === undefined) throw new UsageError(problem(text.trim()), NEXT);
  const port = Number(digits);
  if (digits.length > 5 || port > 65_535)
    throw new UsageError('The port to listen on is not in the range from 0 to 65535.', NEXT);
  const host = bracketed ?? plain ?? LOOPBACK;
  const valid = bracketed === undefined ? isIPv4(host) || isName(host) : isIPv6(host);
  if (!valid) throw new UsageError('The address to listen on is neither an IP address nor a name.', NEXT);
  return { host, port };
}

function problem(text: string): string {
  const before = text.slice(0, Math.max(0, text.lastIndexOf(':')));
  if (isIPv6(text) || isIPv6(before)) return 'An IPv6 address to listen on stands in brackets.';
  return 'The address to listen on ends with no port.';
}

/** Numbers with dots that are no IPv4 address would be taken for one in forms that nobody means. */
function isName(host: string): boolean {
  return /^(?=.{1,253}$)(?!-)[a-z\d_-]+(\.[a-z\d_-]+)*$/i.test(host) && !/^[\d.]+$/.test(host);
}

/** Whether only this machine reaches an address. */
export function isLoopback(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && loopback.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

/** An address as it stands in a URL. */
export function withPort({ host, port }: ListenAddress): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}
