import { Model } from '../../app/core/model.ts';
import { Fleet } from '../../app/fleet/fleet.ts';
import type { FleetRow } from '../../app/fleet/row.ts';
import { ServerChoices } from '../../app/servers/choices.ts';
import { fleetView } from '../../app/views/fleet.ts';
import type { Env } from '../../config/libpq/env.ts';
import type { ConnectionFlags } from '../../config/profile.ts';
import { mergeThresholds } from '../../config/thresholds.ts';
import { UsageError } from '../../config/usage-error.ts';
import { WAITING } from '../../monitor/snapshot.ts';
import { EXIT } from '../output.ts';
import { choiceOf, chosenRows } from './choice.ts';
import { endsWhenTold, interruptible } from './interruptible.ts';
import { printSample, type ShowOptions } from './run.ts';

/** Longer than a connection may take and a server may be silent: by then it is known of each how it is. */
const PATIENCE_SECONDS = 8;
const LOOK_SECONDS = 0.1;

/**
 * Prints how the servers of all profiles are, a row each. Returns 3 where one of those chosen does not answer, and 0 otherwise.
 * Throws UsageError where there are no profiles.
 */
export async function showFleet(
  options: ShowOptions,
  { env, flags }: { readonly env: Env; readonly flags: Pick<ConnectionFlags, 'config' | 'readOnly'> },
): Promise<number> {
  const choices = new ServerChoices({ flags, env }).read();
  if (choices.length === 0)
    throw new UsageError(
      'There are no profiles.',
      'Add one with pgdeck profile add NAME -h HOST -d DATABASE.',
    );
  const choice = choiceOf(fleetView, options);
  const fleet = new Fleet({ choices: () => choices });
  const model = new Model({ part: () => WAITING, server: undefined }, mergeThresholds());
  const stop = interruptible();
  const release = options.watch === undefined ? undefined : endsWhenTold();
  fleet.show(true);
  try {
    for (let waited = 0; !fleet.settled && waited < PATIENCE_SECONDS; waited += LOOK_SECONDS)
      if (await stop.after(LOOK_SECONDS)) return EXIT.done;
    for (let round = 0; ; round++) {
      model.fleet = fleet.rows;
      const rows = chosenRows(fleetView, choice, model, false) as readonly FleetRow[];
      const shown = rows.slice(0, options.limit);
      await printSample(
        {
          at: new Date().toISOString(),
          server: null,
          rows: shown,
          records: shown.map((row) => fleetView.record?.(row, model) ?? {}),
          notListed: rows.length - shown.length,
          extra: {},
        },
        fleetView,
        model,
        options,
        round,
      );
      if (options.watch === undefined)
        return rows.every(({ state }) => state === 'up') ? EXIT.done : EXIT.unreachable;
      if (await stop.after(options.watch)) return EXIT.done;
    }
  } finally {
    await fleet.stop();
    release?.();
  }
}
