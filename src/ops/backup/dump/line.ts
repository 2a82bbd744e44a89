import { join } from 'node:path';
import type { PipeCommand } from '../../../hosts/host.ts';
import { shellWord } from '../../../text/shell.ts';
import { typed } from '../../programs/typed.ts';
import type { BackupRequest } from '../request.ts';
import { GLOBALS, globalsCommand } from './globals.ts';

/** What stands for a directory on the programs' host before there is one. */
const WORKSPACE = '$WORKSPACE';

type Going = Pick<BackupRequest, 'clients' | 'way'>;

/** Where the programs write into; undefined where it is their standard output. */
export function placeOf({ way }: Pick<Going, 'way'>, here: string, there = WORKSPACE): string | undefined {
  return way === undefined ? here : way === 'written' ? there : undefined;
}

/** The commands of a dump as a person would type them. */
export function dumpLine({ clients, way }: Going, commands: readonly PipeCommand[], archive: string): string {
  const line = typed(clients.host, commands);
  return way === 'streamed' ? `${line} > ${shellWord(archive)}` : line;
}

/** The same of what writes roles and tablespaces: they are few, and are always streamed. */
export function globalsLine(
  request: Going & Pick<BackupRequest, 'database'>,
  directory: string,
  passwords: boolean,
): string {
  const { clients, way } = request;
  if (way === undefined) return typed(clients.host, [globalsCommand(request, directory, passwords)]);
  const command = globalsCommand(request, undefined, passwords);
  return `${typed(clients.host, [command])} > ${shellWord(join(directory, GLOBALS))}`;
}
