import { fullName } from '../../db/ident.ts';
import { bytes } from '../../text/units.ts';
import type { FieldChoice, OpContext } from '../engine/operation.ts';
import { checkIndexes, checkTables } from './queries/inventory.ts';

/** The biggest first. */
export async function tableChoices(context: OpContext): Promise<FieldChoice[]> {
  const session = await context.session();
  return (await session.run(checkTables, undefined))
    .filter(({ system, kind }) => !system && kind !== 'S')
    .sort((a, b) => b.bytes + b.toast_bytes - a.bytes - a.toast_bytes)
    .map(({ schema, name, kind, ...one }) => ({
      value: fullName(schema, name),
      hint: kind === 'p' ? 'partitioned' : bytes(one.bytes + one.toast_bytes),
    }));
}

/** The biggest first, those of TOAST tables left out. */
export async function indexChoices(context: OpContext): Promise<FieldChoice[]> {
  const session = await context.session();
  const tables = new Map((await session.run(checkTables, undefined)).map((one) => [one.oid, one]));
  return (await session.run(checkIndexes, undefined))
    .flatMap((index) => {
      const table = tables.get(index.table_oid);
      return index.toast || table === undefined || table.system ? [] : [{ index, table }];
    })
    .sort((a, b) => b.index.bytes - a.index.bytes)
    .map(({ index, table }) => ({
      value: fullName(index.schema, index.name),
      hint: [
        index.valid ? undefined : 'INVALID',
        index.kind === 'I' ? 'partitioned' : bytes(index.bytes),
        index.method === 'btree' ? undefined : index.method,
        `on ${fullName(table.schema, table.name)}`,
      ]
        .filter(Boolean)
        .join(', '),
    }));
}
