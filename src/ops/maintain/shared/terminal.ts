import type { Session } from '../../../db/session.ts';
import type { Fact } from '../../engine/plan.ts';
import { CLIENT_CHECK_SECONDS, couldEndWithClient } from './sessions.ts';

/** What becomes of the run when the terminal is lost, or pgdeck is killed: said before it begins. */
export async function terminalFact(session: Session): Promise<Fact> {
  const ends = await couldEndWithClient(session);
  const killed = ends
    ? `the server ends the statement within ${CLIENT_CHECK_SECONDS} s`
    : 'the server works on until the statement is done; pgdeck recover ends it';
  return {
    label: 'Terminal lost',
    value: `the run is cancelled, and the journal says so; if pgdeck itself is killed, ${killed}`,
  };
}
