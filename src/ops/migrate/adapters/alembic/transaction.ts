import type { Host } from '../../../../hosts/host.ts';
import { textOf } from '../shared/programs.ts';
import type { AlembicProject } from './tool.ts';

/** What is one transaction, by env.py and the revisions that are run. */
export async function transactionOf(
  host: Host,
  { root, scripts }: Pick<AlembicProject, 'root' | 'scripts'>,
  sources: readonly { readonly version: string; readonly text: string }[],
): Promise<string> {
  const env = withoutComments((await textOf(host, root, scripts, 'env.py')) ?? '');
  const each = /\btransaction_per_migration\b["']?\s*[=:]\s*(?!False\b)/.test(env);
  // the block commits what ran before it, and what it runs is not in a transaction
  const breaking = sources
    .filter(({ text }) => /\bautocommit_block\b|["']\s*COMMIT\b/i.test(withoutComments(text)))
    .map(({ version }) => version);
  const parts = breaking.length === 0 ? '' : ` ${breaking.join(', ')} (autocommit block)`;
  if (/isolation_level["']?\s*[=:]\s*["']AUTOCOMMIT/i.test(env))
    return 'none: env.py asks for AUTOCOMMIT, so that each statement stays';
  if (each)
    return breaking.length === 0
      ? 'one for each revision'
      : `one for each revision, but for${parts}: what ran before in it stays when it fails`;
  if (breaking.length > 0)
    return `not one for all: what ran before${parts} stays when it or a later one fails`;
  if (!/\bbegin_transaction\s*\(/.test(env))
    return 'not known: env.py does not say with context.begin_transaction()';
  return 'one for all: when one fails, none is applied';
}

const withoutComments = (source: string): string => source.replace(/^\s*#.*$|\s#\s.*$/gm, '');
