import { alembicOf } from './kind.ts';

/** Alembic. */
export const adapter = alembicOf('alembic');
