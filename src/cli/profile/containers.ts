import { runningContainers } from '../../hosts/docker/docker.ts';
import { type FoundServer, serversAmong } from '../../hosts/docker/postgres.ts';
import { cleanLine } from '../../text/clean.ts';
import { shellWord } from '../../text/shell.ts';
import { note, type OutputColumn, printTable } from '../output.ts';

const COLUMNS: readonly OutputColumn[] = [
  { key: 'container', title: 'CONTAINER' },
  { key: 'image', title: 'IMAGE' },
  { key: 'compose', title: 'COMPOSE' },
  { key: 'address', title: 'ADDRESS' },
  { key: 'how', title: 'REACHED BY' },
  { key: 'user', title: 'USER' },
  { key: 'database', title: 'DATABASE' },
];

/** The servers that run in containers of this machine. Throws {@link CommandError}. */
export const serverContainers = async (): Promise<readonly FoundServer[]> =>
  serversAmong(await runningContainers());

/** Lists them, with the command that adds each. */
export async function printContainers(servers: readonly FoundServer[]): Promise<void> {
  await printTable(servers.map(row), COLUMNS);
  for (const { container, compose } of servers) {
    const place = compose === undefined ? ['--docker', container] : ['--compose', compose];
    note(`pgdeck profile add ${[container, ...place].map(shellWord).join(' ')}`);
  }
}

function row({ container, image, compose, address, user, database }: FoundServer): Record<string, unknown> {
  return {
    container,
    image: cleanLine(image),
    compose: compose ?? null,
    address: address === undefined ? null : `${address.host}:${address.port}`,
    how: address?.how ?? null,
    user: user ?? null,
    database: database ?? null,
  };
}
