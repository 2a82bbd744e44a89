import type { Command } from 'commander';
import { UsageError } from '../../config/usage-error.ts';
import { type Ask, type Context, globalOptions } from '../context.ts';

/** The console: what pgdeck does without a command. */
export function register(program: Command, context: Context): void {
  program
    .option('--once', 'print one overview as text and end')
    .action(async (_options, command: Command) => {
      context.exitCode = await openConsole(command, context);
    });
}

async function openConsole(command: Command, context: Context): Promise<number> {
  const options = globalOptions(command);
  const once = options.once === true || process.stdout.isTTY !== true || cannotDraw(context);
  if (!once && process.stdin.isTTY !== true)
    throw new UsageError(
      'The console reads keys, and stdin is no terminal.',
      'Use pgdeck --once, or pgdeck show VIEW for a script.',
    );
  if (once) {
    const { resolved, settings } = await context.resolve(command);
    const { printOverview } = await import('../show/once.ts');
    return printOverview({ resolved, ascii: context.display(command, settings).ascii });
  }
  const prompt: { ask?: Ask } = {};
  const { resolved, settings, file } = await context.resolve(command, {}, async (question) =>
    prompt.ask?.(question),
  );
  const { startConsole } = await import('../../ui/start.ts');
  return startConsole({
    resolved,
    settings,
    file,
    flags: options,
    prompt,
    ...context.display(command, settings),
    ...(options.interval !== undefined && { interval: resolved.intervals.refresh_seconds }),
  });
}

/** A terminal that cannot place its cursor, or a screen reader, which would read every frame anew: text instead. */
function cannotDraw({ env }: Context): boolean {
  return env.TERM === 'dumb' || env.INK_SCREEN_READER === 'true';
}
