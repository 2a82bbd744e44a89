import { lookup } from 'node:dns/promises';
import { place } from '../../../../db/errors.ts';
import type { Target } from '../../../../db/target.ts';

/**
 * Why a tool that says it works on this URL works on another database than we do; undefined when it is the same one.
 * What the URL leaves out is taken from the variables the tool was given, and so is ours.
 */
export async function elsewhere(url: string, target: Target): Promise<string | undefined> {
  const parts = /^([\w+]+):\/\/(?:[^@/]*@)?(\[[^\]]*\]|[^:/?]*)(?::(\d+))?(?:\/([^?]*))?(?:\?(.*))?$/.exec(
    url,
  );
  const [, scheme = '', address = '', port, database = '', query = ''] = parts ?? [];
  const told = `the tool works on ${url}, and pgdeck on ${place(target)}`;
  if (!/^postgres/.test(scheme)) return told;
  const options = new URLSearchParams(query);
  const host = address.replace(/^\[|\]$/g, '') || options.get('host');
  const otherPort = Number(port ?? options.get('port') ?? target.port) !== target.port;
  const name = decodeURIComponent(database || (options.get('dbname') ?? ''));
  if (otherPort || (name !== '' && name !== target.database)) return told;
  if (!host || host === target.host || host === target.tls?.servername) return undefined;
  return (await sameHost(host, target.host)) ? undefined : told;
}

async function sameHost(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([addresses(one), addresses(other)]);
  return a.some((address) => b.includes(address));
}

/** All of this machine's own are one: its loopback addresses and its sockets. */
async function addresses(host: string): Promise<string[]> {
  if (host.startsWith('/')) return ['this machine'];
  try {
    const found = await lookup(host, { all: true });
    return found.map(({ address }) => (/^(127\.|::1$)/.test(address) ? 'this machine' : address));
  } catch {
    return [host];
  }
}
