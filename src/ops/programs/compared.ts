import type { Transfer } from '../../hosts/host.ts';

/** How a copy to or from another place is compared with what it is of, to be told in a plan. */
export function compared(transfer: Transfer | undefined): {
  readonly status: 'ok' | 'warn';
  readonly how: string;
} {
  return transfer?.verifiedBy === 'bytes'
    ? { status: 'warn', how: 'compared by its length alone, since there is no sha256sum there' }
    : { status: 'ok', how: 'compared' };
}
