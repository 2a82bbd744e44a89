import { join } from 'node:path';
import type { Host } from '../../../../hosts/host.ts';
import type { OpContext } from '../../../engine/operation.ts';
import type { AlembicProject } from './tool.ts';

/** Milliseconds that an answer is used again: what it depends on besides the files is looked at again then. */
const AGE_MS = 60_000;

interface Kept<Answer> {
  readonly at: number;
  readonly answer: Answer;
}

/**
 * What the tool has said of files that have not changed since. It takes a second to start, and a plan, the check under
 * the lock and the verification ask the same. Only what is `good` is kept.
 */
export class Memory<Answer> {
  readonly #kept = new WeakMap<OpContext, Map<string, Kept<Answer>>>();

  async recall(
    context: OpContext,
    key: string,
    ask: () => Promise<Answer>,
    good: (answer: Answer) => boolean,
  ): Promise<Answer> {
    const answers = this.#kept.get(context) ?? new Map<string, Kept<Answer>>();
    this.#kept.set(context, answers);
    const kept = answers.get(key);
    if (kept !== undefined && performance.now() - kept.at < AGE_MS) return kept.answer;
    const answer = await ask();
    if (good(answer)) answers.set(key, { at: performance.now(), answer });
    return answer;
  }
}

/** Changes when a file of the migrations does. */
export async function fingerprint(host: Host, { root, scripts }: AlembicProject): Promise<string> {
  const directory = join(root, scripts);
  // one that is named as a package is known to the tool only
  const files = (await host.files.exists(directory)) ? await filesBelow(host, directory) : [];
  const all = [...files, join(root, 'alembic.ini')].sort();
  const facts = await host.files.factsOf(all);
  return all.map((file, at) => `${file} ${facts[at]?.size} ${facts[at]?.modified}`).join('\n');
}

async function filesBelow(host: Host, directory: string): Promise<string[]> {
  if (directory.includes('__pycache__')) return [];
  const entries = await host.files.list(directory);
  const found = await Promise.all(
    entries.map(({ name, kind }) => {
      const path = join(directory, name);
      return kind === 'directory' ? filesBelow(host, path) : kind === 'file' ? [path] : [];
    }),
  );
  return found.flat();
}
