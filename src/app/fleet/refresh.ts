import type { Deck } from '../core/deck.ts';
import { fleetScreen } from '../views/fleet.ts';
import { alarming } from './figures.ts';
import type { FleetRow } from './row.ts';

/** Of the server that is watched more is known: its score is that of the header. */
function asWatched(row: FleetRow, { model: { health }, sampler }: Deck): FleetRow {
  const { figures } = row;
  if (figures === undefined || !health?.asked || sampler.away !== undefined) return row;
  const { score, coverage, findings } = health;
  return { ...row, figures: { ...figures, score, coverage, alerts: alarming(findings) } };
}

/** Watches the servers of the fleet while they are on the screen, and shows how they are now. */
export function refreshFleet(deck: Deck): void {
  const { fleet } = deck.ports.servers ?? {};
  if (fleet === undefined) return;
  const shown = deck.state.screen === fleetScreen.id;
  fleet.show(shown);
  if (!shown || deck.sampler.paused) return;
  deck.model.fleet = fleet.rows.map((row) => (row.watched ? asWatched(row, deck) : row));
  deck.nextRound();
}
