import { withPassword } from '../config/password.ts';
import type { Resolved } from '../config/profile.ts';
import type { Settings } from '../config/settings.ts';
import { connect } from '../db/client.ts';
import { place } from '../db/errors.ts';
import { EXIT, print } from './output.ts';

/** One overview as text. Returns the exit code. Throws {@link file://../db/errors.ts DbError}. */
export async function printOverview({
  resolved,
}: {
  resolved: Resolved;
  settings: Settings;
}): Promise<number> {
  const session = await withPassword(resolved.passwords, () => connect(resolved.target, 'fast'));
  try {
    const { version, standby } = session.server;
    print(`${place(resolved.target)}  PostgreSQL ${version}, ${standby ? 'standby' : 'primary'}`);
    return EXIT.done;
  } finally {
    await session.close();
  }
}
