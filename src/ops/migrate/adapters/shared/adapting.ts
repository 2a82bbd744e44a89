import type { MigrationAdapter } from '../../types.ts';

/** What an adapter does; what it is called and can is in the registry. */
export type Adapting = Pick<MigrationAdapter, 'detect' | 'status' | 'route' | 'owns' | 'create'>;
