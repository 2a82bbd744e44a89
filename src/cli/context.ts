import type { Command } from 'commander';
import type { Env } from '../config/libpq/env.ts';
import type { ConnectionFlags, Resolved } from '../config/profile.ts';
import type { Settings } from '../config/settings.ts';
import { note } from './output.ts';

/** The options that every command takes. */
export interface GlobalOptions extends ConnectionFlags {
  readonly config?: string;
  readonly once?: boolean;
  readonly ascii?: boolean;
  readonly color: boolean;
}

/** What a command gets from the program. Commands set `exitCode`; what they throw is reported for them. */
export interface Context {
  readonly env: Env;
  exitCode: number;
  /** The settings and their file. Throws {@link file://../config/usage-error.ts UsageError} for a bad one. */
  settings(command: Command): Promise<{ settings: Settings; file: string }>;
  /** Frames and colours, from the options, the settings and NO_COLOR. */
  display(command: Command, settings: Settings): { ascii: boolean; color: boolean };
  /** Which server is meant, with warnings already told on stderr. */
  resolve(command: Command, flags?: ConnectionFlags): Promise<{ resolved: Resolved; settings: Settings }>;
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
        ascii: ascii ?? display?.ascii ?? false,
        color: color && !env.NO_COLOR && (display?.color ?? true),
      };
    },
    resolve: async (command, flags = {}) => {
      const { settings } = await context.settings(command);
      const [{ resolve }, { askPassword, promptTerminal }] = await Promise.all([
        import('../config/profile.ts'),
        import('../config/prompt.ts'),
      ]);
      const terminal = promptTerminal();
      const resolved = resolve({ ...globalOptions(command), ...flags }, env, settings, {
        ...(terminal && { ask: (question: string) => askPassword(question, terminal) }),
      });
      for (const warning of resolved.warnings) note(`pgdeck: ${warning}`);
      return { resolved, settings };
    },
  };
  return context;
}

/** The global options as given before or after the command's name. */
export function globalOptions(command: Command): GlobalOptions {
  return command.optsWithGlobals<GlobalOptions>();
}
