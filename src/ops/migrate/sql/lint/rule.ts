import type { Section, Statement } from '../statement.ts';

/** What a rule has to say of a statement. */
export interface Finding {
  /** Stable: hazards are acknowledged by it. */
  readonly name: string;
  /** What happens, and after a semicolon what to do instead. */
  readonly message: string;
  readonly destructive?: boolean;
}

/** What is known when a statement is looked at. */
export interface Scope {
  readonly section: Section;
  /** Place of the statement in the section. */
  readonly at: number;
  /** Made by this run, so that it is empty and nobody uses it. */
  isNew(relation: string | undefined): boolean;
}

export type Rule = (statement: Statement, scope: Scope) => readonly Finding[];

/** A relation of the default schema is the same with and without its schema's name. */
export const plainName = (name: string): string => name.replace(/^public\./, '');
