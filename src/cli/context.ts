import type { Command } from 'commander';
import type { Env } from '../config/libpq/env.ts';
import type { ConnectionFlags, Resolved } from '../config/profile.ts';
import type { Settings } from '../config/settings.ts';
import { note } from './output.ts';

/** The options that every command takes. */
export interface GlobalOptions extends ConnectionFlags {
  readonly once?: boolean;
  readonly ascii?: boolean;
  readonly color: boolean;
}

/** Asks a person for a password; undefined when there is none. */
export type Ask = (question: string) => Promise<string | undefined>;

/** What a command gets from the program. Commands set `exitCode`; what they throw is reported for them. */
export interface Context {
  readonly env: Env;
  exitCode: number;
  /** What every failure exits with, where the codes of failures say something else. */
  failure?: number | undefined;
  /** The settings and their file. Throws {@link file://../config/usage-error.ts UsageError} for a bad one. */
  settings(command: Command): Promise<{ settings: Settings; file: string }>;
  /** Frames and colours, from the options, the settings and NO_COLOR. */
  display(command: Command, settings: Settings): { ascii: boolean; color: boolean };
  /**
   * Which server is meant, with warnings already told on stderr. A missing password is asked for on the terminal
   * when it is needed, or by `ask`.
   */
  resolve(
    command: Command,
    flags?: ConnectionFlags,
    ask?: Ask,
  ): Promise<{ resolved: Resolved; settings: Settings; file: string }>;
}

/** A module of the command line: it adds its commands to the program and loads what they need when they run. */
export type Register = (program: Command, context: Context) => void;

export function createContext(env: Env): Context {
  const context: Context = {
    env,
    exitCode: 0,
    settings: async (command) => {
      const { readSettings, settingsPath } = await import('../config/store.ts');
      const file = settingsPath(env, globalOptions(command).config);
      return { settings: readSettings(file), file };
    },
    display: (command, { display }) => {
      const { ascii, color } = globalOptions(command);
      return {
        ascii: ascii ?? display?.ascii ?? !drawsUnicode(env),
        color: color && !env.NO_COLOR && (display?.color ?? true),
      };
    },
    resolve: async (command, flags = {}, ask = askOnTerminal()) => {
      const { namedSettings, readSettings, settingsPath } = await import('../config/store.ts');
      const { config } = globalOptions(command);
      // a server is looked for in it: without the file that was named another one would be found
      const file = settingsPath(env, config);
      const settings = readSettings(file, namedSettings(env, config) !== undefined);
      const [{ resolve }, { withRoute }] = await Promise.all([
        import('../config/profile.ts'),
        import('../hosts/with-route.ts'),
      ]);
      const resolved = await withRoute(
        resolve({ ...globalOptions(command), ...flags }, env, settings, { ...(ask && { ask }) }),
      );
      for (const warning of resolved.warnings) note(`pgdeck: ${warning}`);
      return { resolved, settings, file };
    },
  };
  return context;
}

/** Terminals whose fonts have no frames, arrows or blocks beyond a character set of their own. */
const PLAIN_TERMINALS = /^(linux|vt\d+|ansi|cons25|sun)(-|$)/;

/** Whether frames and marks beyond ASCII arrive as such: by the locale, where one is set, and by the terminal's kind. */
function drawsUnicode({ LC_ALL, LC_CTYPE, LANG, TERM = '' }: Env): boolean {
  // as setlocale() has it: the first that is set and not empty
  const locale = LC_ALL || LC_CTYPE || LANG;
  return !PLAIN_TERMINALS.test(TERM) && (locale === undefined || locale === '' || /utf-?8/i.test(locale));
}

/** The global options as given before or after the command's name. */
export function globalOptions(command: Command): GlobalOptions {
  return command.optsWithGlobals<GlobalOptions>();
}

/** Asks on the terminal this program runs in; undefined where there is none. */
function askOnTerminal(): Ask | undefined {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) return undefined;
  return async (question) => {
    const { askPassword } = await import('../config/prompt.ts');
    return askPassword(question, {
      input: process.stdin,
      output: process.stderr,
      interrupt: () => process.kill(process.pid, 'SIGINT'),
    });
  };
}
