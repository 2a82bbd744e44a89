import { defineOperation } from '../engine/operation.ts';
import { importFields, importInput } from './input.ts';
import { planImport } from './plan.ts';
import { recoverImport, undoImport } from './undo.ts';

/** `pgdeck import sqlite`: a SQLite database becomes tables of PostgreSQL, or rows of those that are there. */
export const importSqlite = defineOperation({
  id: 'import sqlite',
  input: importInput,
  fields: importFields,
  plan: planImport,
  undo: undoImport,
  recover: recoverImport,
});
