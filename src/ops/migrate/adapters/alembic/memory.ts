import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
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
export function fingerprint({ root, scripts }: AlembicProject): string {
  const directory = join(root, scripts);
  // one that is named as a package is known to the tool only
  const entries = existsSync(directory)
    ? readdirSync(directory, { recursive: true, withFileTypes: true })
    : [];
  const files = entries
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('__pycache__'))
    .map((entry) => join(entry.parentPath, entry.name));
  return [...files, join(root, 'alembic.ini')]
    .sort()
    .map((file) => {
      const stat = statSync(file, { throwIfNoEntry: false });
      return `${file} ${stat?.size} ${stat?.mtimeMs}`;
    })
    .join('\n');
}
