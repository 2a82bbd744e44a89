import type { OpContext } from '../../engine/operation.ts';
import { readRegular } from '../../files/durable.ts';
import { remoteErrors } from '../errors.ts';

/** An identity of age; `AGE-SECRET-KEY-PQ-1…` is one that quantum computers do not break. */
const IDENTITY = /^AGE-SECRET-KEY-(PQ-)?1[A-Z0-9]+$/;

/** The variable that has an identity, or several, one a line. */
export const IDENTITY_VARIABLE = 'PGDECK_AGE_IDENTITY';

/**
 * What encrypted copies are read with: the file that was named, the environment's, or the profile's file. They are
 * secrets: nothing writes them anywhere. Throws {@link OpError}.
 */
export async function identitiesFor(
  { env, backup, home, secrets }: Pick<OpContext, 'env' | 'backup' | 'home' | 'secrets'>,
  file?: string,
): Promise<string[]> {
  const path = file ?? (env[IDENTITY_VARIABLE] ? undefined : backup.remote?.identity_file);
  const text =
    path === undefined ? (env[IDENTITY_VARIABLE] ?? '') : await read(path.replace(/^~(?=\/)/, home));
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  for (const line of lines) {
    secrets.add(line);
    if (!IDENTITY.test(line)) throw remoteErrors.noIdentity({ place: path ?? IDENTITY_VARIABLE });
  }
  return lines;
}

async function read(path: string): Promise<string> {
  try {
    return await readRegular(path);
  } catch (error) {
    const said = (error as NodeJS.ErrnoException).code ?? String(error);
    throw remoteErrors.identityFile({ path, said }, error);
  }
}
