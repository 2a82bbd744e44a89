import type { StatusOfFiles } from '../history/status.ts';
import type { Rehearsal, Rehearsed, RunnableSection } from '../rehearse/result.ts';
import { reachesOutside } from '../sql/outside.ts';
import type { Section } from '../sql/statement.ts';
import { type DirectedMigration, send } from './apply.ts';

/** How these are tried elsewhere; undefined where a statement of them would reach the server itself. */
export function rehearsalOf(
  { files, history, status }: StatusOfFiles,
  moves: readonly DirectedMigration[],
): Rehearsal | undefined {
  if (moves.some(({ migration: { up, down } }) => reaches(up) || reaches(down))) return undefined;
  const holds = new Set(
    status.items
      .filter(({ state }) => state === 'applied' || state === 'changed')
      .map(({ version }) => version),
  );
  const applied = files.migrations.filter(({ version }) => holds.has(version));
  return {
    pending: moves.map(({ migration }) => rehearsed(migration)),
    // only the way up is replayed
    applied: applied.some(({ up }) => reaches(up)) ? undefined : applied.map(rehearsed),
    history: history.relations,
  };
}

const reaches = (section: Section | undefined): boolean => section?.statements.some(reachesOutside) === true;

function rehearsed({ version, file, downFile, up, down }: DirectedMigration['migration']): Rehearsed {
  return { version, up: wayOf(up, file), down: down && wayOf(down, downFile ?? file) };
}

function wayOf({ statements, transactional }: Section, file: string): RunnableSection {
  return {
    transactional,
    run: async (session) => {
      for (const statement of statements) await send(session, file, statement);
    },
  };
}
