import { alembicOf } from '../alembic/kind.ts';

/** Flask-Migrate, which is Alembic inside an application. */
export const adapter = alembicOf('flask-migrate');
