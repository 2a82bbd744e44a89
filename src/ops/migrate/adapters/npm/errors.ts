import { defineErrors, refused } from '../../../error.ts';
import type { Direction } from '../../types.ts';

const ONE_AT_A_TIME = 'name a script that rolls back one: pgdeck.migrate.down in package.json.';

/** `call`: what a script does, as it could be typed, or `The script NAME` where that is not known. */
export const npmErrors = defineErrors('migrate.adapters.npm', {
  // what package.json says
  noScripts: ({ directory }: { directory: string }) =>
    refused(
      `There are no scripts for migrations in package.json of ${directory}.`,
      'Name them there, below pgdeck.migrate: {"up": "db:migrate", "down": "db:rollback"}.',
    ),
  noProject: ({ directory }: { directory: string }) =>
    refused(`There are no scripts for migrations in ${directory}.`),
  badSettings: ({ why }: { why: string }) => refused(why),
  noScript: ({ direction }: { direction: Direction }) =>
    refused(
      `There is no script for ${direction} in package.json.`,
      `Name it there: "pgdeck": {"migrate": {"${direction}": "db:${direction}"}}.`,
    ),
  noCreate: ({ root }: { root: string }) =>
    refused(
      `The scripts in package.json of ${root} do not say how a migration is begun, and a SQL file would be none of theirs.`,
      'Name the script for it: "pgdeck": {"migrate": {"create": "db:make -- {name}"}}, or write SQL files beside them with --tool sql.',
    ),
  noProgram: ({ program }: { program: string }) =>
    refused(`${program} was not found.`, 'Run npm install in the project.'),
  noManager: ({ program }: { program: string }) =>
    refused(
      `The scripts of package.json are run by ${program}, which is not on this machine's PATH.`,
      'Install Node.js with it, or migrate where the project is worked on.',
    ),

  // up
  unknownPart: () =>
    refused(
      'The scripts do not say what waits, so there is no going up a part of it.',
      'Go up to the latest, or name a status script in package.json: pgdeck.migrate.status.',
    ),
  upTakesBack: ({ script, call }: { script: string; call: string }) =>
    refused(
      `The script ${script} rolls migrations back (${call}), and is not run to go up.`,
      'Name another one: "pgdeck": {"migrate": {"up": "SCRIPT"}} in package.json.',
    ),

  // down
  noHistory: () =>
    refused('The database has no history that is known, so it is not certain what would be rolled back.'),
  takesAll: ({ script, call }: { script: string; call: string }) =>
    refused(
      `The script ${script} rolls back every migration (${call}), and is not run.`,
      'Name one that rolls back one at a time: "pgdeck": {"migrate": {"down": "SCRIPT"}} in package.json.',
    ),
  doesMore: ({ script, calls }: { script: string; calls: readonly string[] }) =>
    refused(
      `The script ${script} calls ${calls.join(' && ')}, which does something else than to roll back.`,
      'Name another one: pgdeck.migrate.down in package.json.',
    ),
  /** `byVersion`: the script is given the version that stays. */
  takesMore: ({ call, beyond, byVersion }: { call: string; beyond: readonly string[]; byVersion: boolean }) =>
    refused(
      `${call} rolls ${beyond.join(', ')} back, too, and nothing was done: ${beyond.length === 1 ? 'it is' : 'they are'} to stay.`,
      byVersion
        ? 'Write {first}, the oldest that is rolled back, in place of {version}: pgdeck.migrate.downTo in package.json.'
        : 'Fix pgdeck.migrate.downTo in package.json.',
    ),
  takesLess: ({ call, missing }: { call: string; missing: readonly string[] }) =>
    refused(
      `${call} does not roll ${missing.join(', ')} back, so nothing was done.`,
      'Fix pgdeck.migrate.downTo in package.json.',
    ),
  takesNone: ({ call, wanted }: { call: string; wanted: readonly string[] }) =>
    refused(
      `${call} rolls none of ${wanted.join(', ')} back, so nothing was done.`,
      'Name another script: pgdeck.migrate.down in package.json.',
    ),
  /** `below`: how many the calls before take back; `stays`: the version that is the newest then, none at the base. */
  severalAtOnce: ({
    call,
    taken,
    beyond,
    below,
    stays,
    bySteps,
  }: {
    call: string;
    taken: readonly string[];
    beyond: readonly string[];
    below: number;
    stays: string | undefined;
    bySteps: boolean;
  }) => {
    const whole = below + taken.length;
    const fits = [below, whole].filter((n) => n > 0).join(' or ');
    const further = stays === undefined ? 'to the base: --base' : `down to ${stays}: --to ${stays}`;
    return refused(
      `${call} rolls back ${taken.length} ${taken.length === 1 ? 'migration' : 'migrations'} at once (${taken.join(', ')}), and ${beyond.join(', ')} ${beyond.length === 1 ? 'is' : 'are'} to stay. Nothing was done.`,
      `${bySteps ? `Roll back ${fits}: --steps ${whole}` : `Go ${further}`}, or ${ONE_AT_A_TIME}`,
    );
  },
});
