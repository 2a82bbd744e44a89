import type { Host } from '../../hosts/host.ts';
import type { Clients } from './programs.ts';

const known = new WeakMap<Host, Map<string, Promise<boolean>>>();

/**
 * Whether this psql can be told to take no command of its own from what it reads: from 13.22, 14.19, 15.14, 16.10 and
 * 17.6 on.
 */
export function restricts({ host, path }: Pick<Clients, 'host' | 'path'>): Promise<boolean> {
  const psql = path('psql');
  const ofHost = known.get(host) ?? new Map<string, Promise<boolean>>();
  known.set(host, ofHost);
  const asked =
    ofHost.get(psql) ??
    host.run(psql, ['--help=commands'], { env: { LC_ALL: 'C' }, timeout: 10_000 }).then(
      ({ stdout }) => stdout.includes('\\restrict '),
      () => false,
    );
  ofHost.set(psql, asked);
  return asked;
}
