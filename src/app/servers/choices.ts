import type { Env } from '../../config/libpq/env.ts';
import { type ConnectionFlags, type Resolved, resolve } from '../../config/profile.ts';
import { readSettings, settingsPath } from '../../config/store.ts';
import { UsageError } from '../../config/usage-error.ts';
import { place } from '../../db/errors.ts';
import { withRoute } from '../../hosts/with-route.ts';
import type { ServerChoice } from '../core/servers.ts';

export interface ChoicesOptions {
  /** The server that was given on the command line. */
  readonly given?: Resolved;
  /** What was said beside it, and holds for each: the settings file, read-only, the interval. */
  readonly flags: Pick<ConnectionFlags, 'config' | 'readOnly' | 'interval'>;
  readonly env: Env;
  /** Asks a person for a password; absent where nobody is asked. */
  readonly ask?: (question: string) => Promise<string | undefined>;
}

interface Known {
  /** What it was made of. */
  readonly of: string;
  readonly resolved: Resolved;
}

/** The servers that there are: each as `pgdeck --profile NAME` would have it. */
export class ServerChoices {
  readonly #options: ChoicesOptions;
  /** A password that somebody has typed holds for the life of the program. */
  readonly #known = new Map<string, Known>();

  constructor(options: ChoicesOptions) {
    this.#options = options;
  }

  /** The given one, then the profiles as they stand in the settings now. Throws {@link UsageError}. */
  read(): readonly ServerChoice[] {
    const { given, env, flags } = this.#options;
    const settings = readSettings(settingsPath(env, flags.config));
    const profiles = Object.keys(settings.profiles).map((name): ServerChoice => {
      try {
        const resolved = this.#resolved(name, settings);
        return {
          ...choiceOf(resolved),
          settings: JSON.stringify([{ ...settings, profiles: settings.profiles[name] }, resolved.describe]),
          forget: () => this.#known.delete(name),
        };
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        const { message: problem } = error;
        return { name, place: '', problem, resolve: () => Promise.reject(error) };
      }
    });
    if (given === undefined) return profiles;
    const own = choiceOf(given);
    const isProfile = (one: ServerChoice) => one.name === given.profileName && one.place === own.place;
    if (profiles.some(isProfile)) return profiles.map((one) => (isProfile(one) ? own : one));
    return [{ ...own, given: true }, ...profiles];
  }

  #resolved(name: string, settings: ReturnType<typeof readSettings>): Resolved {
    const { flags, env, ask } = this.#options;
    const { config, readOnly, interval } = flags;
    const fresh = resolve({ config, readOnly, interval, profile: name }, env, settings, {
      ...(ask && { ask }),
    });
    // all but what is asked anew each time anyway
    const of = JSON.stringify([settings, fresh.describe]);
    const known = this.#known.get(name);
    if (known?.of === of) return known.resolved;
    this.#known.set(name, { of, resolved: fresh });
    return fresh;
  }
}

function choiceOf(resolved: Resolved): ServerChoice {
  const { name, environment, target } = resolved;
  const { via: _, ...direct } = target;
  return {
    name,
    place: place(target),
    ...(environment && { environment }),
    // a way that was closed is not opened again
    resolve: () => withRoute({ ...resolved, target: direct }),
  };
}
