import type { OpContext } from '../engine/operation.ts';
import type { Check } from '../engine/plan.ts';
import { compared } from './compared.ts';
import type { ClientProgram } from './package.ts';
import { findOn, type Reader } from './programs.ts';

export type { Reader } from './programs.ts';

/**
 * The program that reads an archive without a server: this machine's where it has one that is not older, since the archive
 * is here; else the server's. `version` is that of the program that wrote it. Without one the check blocks.
 */
export async function findReader(
  context: OpContext,
  program: ClientProgram,
  version: string,
  atLeast: number,
): Promise<{ reader: Reader | undefined; checks: Check[] }> {
  const { host, here } = context;
  const near = await findOn(here, context, { major: 0, version }, [program], atLeast);
  const found =
    near.clients === undefined && host.kind !== 'local'
      ? await findOn(host, context, { major: 0, version }, [program], atLeast)
      : near;
  const { clients, check } = found;
  if (clients === undefined) return { reader: undefined, checks: [check] };
  const { label, transfer } = clients.host;
  const { status, how } = compared(transfer);
  const where = transfer === undefined ? '' : ` of ${label}, where a copy of it goes that is ${how}`;
  // newer ones read it as well
  const detail = `${program} of PostgreSQL ${clients.version}${where}.`;
  return { reader: clients, checks: [{ title: check.title, status, detail }] };
}
