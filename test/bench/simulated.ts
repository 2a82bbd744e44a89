import type { Session } from '../../src/db/session.ts';

/** The same session on a server whose clock is ours: what is kept for a minute has to go after one. */
export function simulated(session: Session, now: () => number): Session {
  const batch = session.batch.bind(session);
  session.batch = async (calls) => {
    const answers = await batch(calls);
    return answers.map((answer) =>
      answer.ok ? { ...answer, rows: answer.rows.map((row) => later(row, now)) } : answer,
    );
  };
  return session;
}

function later(row: unknown, now: () => number): unknown {
  const hasClock = typeof row === 'object' && row !== null && 'server_ms' in row;
  return hasClock ? { ...row, server_ms: now() } : row;
}
