import type { Host } from '../../hosts/host.ts';
import type { Clients } from './programs.ts';

const known = new Map<string, Promise<boolean>>();

/**
 * Whether this psql can be told to take no command of its own from what it reads: from 13.22, 14.19, 15.14, 16.10 and
 * 17.6 on.
 */
export function restricts(host: Host, clients: Pick<Clients, 'path'>): Promise<boolean> {
  const psql = clients.path('psql');
  const asked =
    known.get(psql) ??
    host.run(psql, ['--help=commands'], { env: { LC_ALL: 'C' }, timeout: 10_000 }).then(
      ({ stdout }) => stdout.includes('\\restrict '),
      () => false,
    );
  known.set(psql, asked);
  return asked;
}
