import { fullName } from '../../../db/ident.ts';
import type { ReindexTable } from '../../reindex/queries/inventory.ts';
import type { Parser } from '../../sql/parser.ts';
import type { IndexFacts } from '../queries/facts.ts';
import { likeness, shapeOf } from '../shape.ts';
import { freeName, type Wanted } from './wanted.ts';

/** A table and the index that it shall have; of a partitioned one, with its partitions. */
export interface Node {
  readonly table: ReindexTable;
  readonly shown: string;
  /** The index: that will be made, or that is there. */
  readonly name: string;
  /** One that is there and does it: it is kept, and attached where it is not yet. */
  readonly there: IndexFacts | undefined;
  /** One of the same definition that is not finished and that nobody works on: it is removed before. */
  readonly broken: IndexFacts | undefined;
  readonly children: readonly Node[];
}

export interface TreeFacts {
  readonly parser: Parser;
  readonly wanted: Wanted;
  readonly tables: readonly ReindexTable[];
  /** Those of all tables of the tree. */
  readonly indexes: readonly IndexFacts[];
  /** Names in each schema; those that are chosen are added. */
  readonly taken: ReadonlyMap<string, Set<string>>;
}

/** What has to be made on a table and on its partitions, the parent first. `name`: as a person wants it. */
export function treeOf(table: ReindexTable, name: string | undefined, facts: TreeFacts): Node {
  return node(table, name, undefined, facts);
}

function node(
  table: ReindexTable,
  name: string | undefined,
  parent: IndexFacts | undefined,
  facts: TreeFacts,
): Node {
  const { parser, wanted, tables, indexes, taken } = facts;
  const own = indexes.filter(
    (one) =>
      one.table_oid === table.oid &&
      one.definition !== null &&
      isSame(parser, one.definition, wanted) &&
      (one.partition_of === null || one.partition_of === parent?.oid),
  );
  const fits = (one: IndexFacts) => name === undefined || one.name === name;
  const partitioned = table.kind === 'p';
  // the index of a partitioned table is not valid before its last part is
  const there =
    own.find((one) => one.partition_of !== null && one.partition_of === parent?.oid) ??
    own.find((one) => (partitioned ? fits(one) : one.valid) && (one.valid || one.constraint_name === null));
  const broken =
    there === undefined
      ? own.find((one) => !one.valid && one.constraint_name === null && fits(one))
      : undefined;
  const chosen =
    there?.name ??
    broken?.name ??
    name ??
    freeName(table.name, wanted.words, taken.get(table.schema) ?? new Set());
  return {
    table,
    shown: fullName(table.schema, table.name),
    name: chosen,
    there,
    broken,
    children: partitioned
      ? tables
          .filter(({ partition_of }) => partition_of === table.oid)
          .map((child) => node(child, undefined, there, facts))
      : [],
  };
}

function isSame(parser: Parser, definition: string, wanted: Wanted): boolean {
  const shape = shapeOf(parser, definition);
  if (shape === undefined || likeness(shape, wanted.shape) !== 'same') return false;
  // one that is unique is no part of one that is not (ATTACH PARTITION compares more than what they find)
  return shape.unique === wanted.shape.unique && `${shape.include}` === `${wanted.shape.include}`;
}

/** A node and all below it, each before its children. */
export function flat(node: Node): readonly Node[] {
  return [node, ...node.children.flatMap(flat)];
}
