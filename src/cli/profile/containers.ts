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

/** Lists the servers that run in containers of this machine, with the command that adds each. Throws {@link CommandError}. */
export async function listContainers(): Promise<void> {
  const servers = serversAmong(await runningContainers());
  if (servers.length === 0) {
    note(
      'No container that runs holds a PostgreSQL server. Add another one: pgdeck profile add NAME -h HOST -d DATABASE',
    );
    return;
  }
  await printTable(servers.map(row), COLUMNS);
  for (const { container } of servers)
    note(`pgdeck profile add ${shellWord(container)} --docker ${shellWord(container)}`);
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
