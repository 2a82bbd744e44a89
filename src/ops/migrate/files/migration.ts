import type { Section } from '../sql/statement.ts';

/** One migration, as its files say it. */
export interface Migration {
  /** What orders it and what `to` names: `20260102030405`, `1.2`. Without leading zeros where its tool counts. */
  readonly version: string;
  /** `add_users`. */
  readonly name: string;
  /** Of the way up; below the directory. */
  readonly file: string;
  /** Of the way down, where it has a file of its own. */
  readonly downFile: string | undefined;
  /** Flyway's: applied anew whenever it has changed, after all others; or in place of all up to its version. */
  readonly kind?: 'repeatable' | 'baseline' | undefined;
  readonly up: Section;
  /** Undefined without a way down: no section, or nothing in it, though there is something to be taken back. */
  readonly down: Section | undefined;
  /** It has no way down, and its tool would take it back nevertheless: out of the history, and nothing else. */
  readonly forgettable?: boolean | undefined;
  /** What its tool's table knows it by, where that is neither its version nor its name. */
  readonly key?: string | undefined;
  /**
   * The tool's own sums of its file, as its table has them: the first is written, and any other is of the same text.
   * Empty for a tool that keeps none.
   */
  readonly sums: readonly string[];
}
