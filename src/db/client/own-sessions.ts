import type { Purpose } from '../session.ts';

/** What tells a backend from every other one, also from a later one with its pid. */
interface Identity {
  readonly pid: number;
  /** Epoch microseconds. */
  readonly backendStart: number;
}

const open = new Map<Identity, Purpose>();

/**
 * Notes a session that this program has opened. A name proves nothing, since every client chooses its own; so our own
 * sessions are known by their identity alone. Returns what forgets it again.
 */
export function noteOwnSession(pid: number, backendStart: number, purpose: Purpose): () => void {
  const identity = { pid, backendStart };
  open.set(identity, purpose);
  return () => open.delete(identity);
}

/** The connections that watch a server, as opposed to those that do something on it. */
const WATCHING: readonly Purpose[] = ['fast', 'slow', 'control'];

/** The parameters of {@link isOwnSession}: all sessions of this program, or only those that watch. */
export function ownSessions(which: 'all' | 'watching'): [pids: number[], backendStarts: number[]] {
  const chosen = [...open].filter(([, purpose]) => which === 'all' || WATCHING.includes(purpose));
  return [chosen.map(([{ pid }]) => pid), chosen.map(([{ backendStart }]) => backendStart)];
}

/**
 * Whether row `a` of pg_stat_activity is among {@link ownSessions}, given as parameters from number `first` on. The pid
 * first: of sessions by the hundred that is one comparison each.
 */
export function isOwnSession(first: number): string {
  return `(a.pid = ANY ($${first}::int[]) AND ((a.pid, round(date_part('epoch', a.backend_start) * 1000000))
    IN (SELECT * FROM unnest($${first}::int[], $${first + 1}::float8[]))) IS TRUE)`;
}
