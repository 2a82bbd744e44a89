import { DbError } from '../db/errors.ts';

/** Where a password comes from; what was found or typed is kept for the life of the program, in memory only. */
export interface Passwords {
  /** For {@link file://../db/target.ts}: undefined when none is to be had. Asks at most once at a time. */
  readonly get: () => Promise<string | undefined>;
  /** What is known without asking anybody: from the same places, or typed before. */
  readonly held: () => Promise<string | undefined>;
  /** The server refused it. True when a typed password was dropped, so that another attempt asks again. */
  readonly refused: () => boolean;
}

const ATTEMPTS = 3;

/** `known`: from the command line, PGPASSWORD or the password file. `ask`: absent where nobody can be asked. */
export function passwords(
  known: () => string | undefined,
  ask?: (attempt: number) => Promise<string | undefined>,
): Passwords {
  let kept: Promise<string | undefined> | undefined;
  let typed = false;
  let answered: string | undefined;
  let attempts = 0;
  const find = async () => {
    const password = known();
    if (password !== undefined || !ask) return password;
    typed = true;
    attempts++;
    answered = await ask(attempts);
    return answered;
  };
  return {
    get: () => {
      // one promise for all connections that open at the same time: one prompt
      kept ??= find();
      return kept;
    },
    held: async () => answered ?? known(),
    refused: () => {
      if (!typed || attempts >= ATTEMPTS) return false;
      kept = undefined;
      return true;
    },
  };
}

/** Opens a connection; when the server refuses a password that was typed, asks again, three times at most. */
export async function withPassword<Session>(
  { refused }: Pick<Passwords, 'refused'>,
  open: () => Promise<Session>,
): Promise<Session> {
  for (;;) {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof DbError && error.code === '28P01' && refused())) throw error;
    }
  }
}
