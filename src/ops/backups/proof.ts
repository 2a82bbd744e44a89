import type { Clients } from '../clients/programs.ts';
import type { OpContext } from '../context.ts';
import { OpError } from '../error.ts';
import type { StepIo } from '../operation.ts';
import type { Verification } from '../repository/manifest.ts';
import type { Backup } from '../repository/repository.ts';

/** Restores a backup where it does no harm and compares it. Throws {@link OpError} while there is no way to. */
export async function proveRestorable(
  _io: StepIo,
  _context: OpContext,
  _clients: Clients | undefined,
  backup: Backup,
): Promise<Verification> {
  throw new OpError('refused', `${backup.id} cannot be test-restored yet.`, 'Use --level counts.');
}
