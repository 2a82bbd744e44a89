import type { Check } from '../../engine/plan.ts';
import type { BackupRequest } from '../request.ts';

/** Programs besides PostgreSQL's own: a plain dump is compressed by zstd where pg_dump cannot do it itself. */
export async function programChecks(request: BackupRequest | undefined): Promise<Check[]> {
  if (request?.format !== 'plain' || request.compression.method !== 'zstd' || request.clients.zstd) return [];
  const title = 'zstd';
  try {
    await request.clients.host.run('zstd', ['--version'], { timeout: 10_000 });
    return [{ title, status: 'ok', detail: 'zstd compresses what pg_dump writes.' }];
  } catch (error) {
    return [{ title, status: 'block', detail: error instanceof Error ? error.message : String(error) }];
  }
}
