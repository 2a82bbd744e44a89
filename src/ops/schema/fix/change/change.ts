import type { SchemaObject } from '../../format.ts';

/** One attribute that is not as expected. */
export interface Change {
  readonly actual: SchemaObject;
  readonly expected: SchemaObject;
  /** Of the attributes: `not_null`. */
  readonly key: string;
}
