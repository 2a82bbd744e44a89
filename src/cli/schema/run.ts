import type { Command } from 'commander';
import type { OpContext } from '../../ops/engine/operation.ts';
import { entryOf } from '../../ops/registry.ts';
import type { Context } from '../context.ts';
import { interruptible } from '../operation/interrupt.ts';
import { note } from '../output.ts';

/** What the work of a command is given. */
export interface Work {
  readonly context: OpContext;
  readonly signal: AbortSignal;
}

/** ^C: nobody wants the answer any more. */
export class Stopped extends Error {}

/**
 * Runs what looks at servers and may make a database for the time being. ^C ends it: what it has made is removed before.
 * Throws {@link Stopped} then, and what the work throws.
 */
export async function looking<T>(
  command: Command,
  context: Context,
  work: (work: Work) => Promise<T>,
): Promise<T> {
  const [{ openContext }, { resolved }] = await Promise.all([
    import('../../ops/engine/context.ts'),
    context.resolve(command),
  ]);
  const opContext = await openContext({ resolved, env: context.env, operations: entryOf });
  const { signal, release } = interruptible(() => 'Nothing is left behind.');
  // what is being read is read no further
  signal.addEventListener('abort', () => void opContext.close(), { once: true });
  try {
    return await work({ context: opContext, signal });
  } catch (error) {
    throw signal.aborted ? new Stopped('Stopped.', { cause: error }) : error;
  } finally {
    release();
    await opContext.close();
  }
}

/** Lines of what goes on meanwhile. */
export const tellLine = (text: string): void => note(`pgdeck: ${text}`);
