import type { Actor } from './actor.ts';
import { ROLES } from './schema.ts';

const HOLD_MS = 22_500;
/** Long enough for health to tell of something else too, and to count no statement as slow more than 50 times an hour. */
const CALM_MS = 75_000;
const STEP_MS = 150;
/** The row of the stock ledger and the payment that the scene is about. */
const ROW = 7;

/**
 * The lock queue that everyone has met once: somebody forgot to commit, a migration waits for that, and the shop
 * waits for the migration, four deep:
 *
 *     psql (idle in transaction) <- migrate (ALTER TABLE) <- shop-api, billing-worker <- shop-web (a row of the latter)
 *
 * It clears by itself, or when somebody ends the right session.
 */
export function lockScene(): Actor[] {
  /** Numbers of the round in which the lock is held and the migration waits; 0 while not. */
  let held = 0;
  let altering = 0;
  let stockHeld = 0;
  let rounds = 0;

  /** Plays once per migration attempt, as soon as that waits. */
  const behindMigration = (application: string, role: string, play: Actor['play']): Actor => {
    let seen = 0;
    return {
      application,
      role,
      play: async (stage) => {
        await stage.cue(() => altering !== 0 && altering !== seen);
        seen = altering;
        await stage.pause(STEP_MS);
        await play(stage);
      },
    };
  };

  let migrated = 0;
  let stockSeen = 0;
  return [
    {
      application: 'psql',
      role: ROLES.dba,
      play: async (stage) => {
        await stage.sql('BEGIN');
        await stage.sql(`UPDATE payments SET status = 'disputed' WHERE id = ${ROW}`);
        held = ++rounds;
        try {
          await stage.pause(HOLD_MS);
        } finally {
          held = 0;
        }
        await stage.sql('COMMIT');
        await stage.pause(CALM_MS);
      },
    },
    {
      application: 'migrate',
      role: ROLES.dba,
      play: async (stage) => {
        await stage.cue(() => held !== 0 && held !== migrated);
        const round = held;
        await stage.pause(STEP_MS);
        altering = ++rounds;
        try {
          await stage.sql('ALTER TABLE payments ADD COLUMN IF NOT EXISTS settled_at timestamptz');
        } finally {
          altering = 0;
        }
        migrated = round;
      },
    },
    behindMigration('shop-api', ROLES.app, async (stage) => {
      await stage.sql('SELECT status, amount FROM payments WHERE order_id = $1 ORDER BY id DESC LIMIT 1', [
        ROW,
      ]);
    }),
    behindMigration('shop-api', ROLES.app, async (stage) => {
      await stage.sql(
        'SELECT p.status, o.total FROM payments p JOIN orders o ON o.id = p.order_id WHERE p.id = $1 -- 付款状态',
        [ROW + 1],
      );
    }),
    behindMigration('billing-worker', ROLES.billing, async (stage) => {
      await stage.sql('BEGIN');
      await stage.sql(`UPDATE "库存流水" SET "备注" = '退货入库' WHERE "编号" = ${ROW}`);
      stockHeld = ++rounds;
      try {
        await stage.sql("UPDATE payments SET status = 'refunded' WHERE order_id = $1", [ROW]);
      } finally {
        stockHeld = 0;
      }
      await stage.sql('COMMIT');
    }),
    {
      application: 'shop-web',
      role: ROLES.app,
      play: async (stage) => {
        await stage.cue(() => stockHeld !== 0 && stockHeld !== stockSeen);
        stockSeen = stockHeld;
        await stage.pause(STEP_MS);
        await stage.sql('UPDATE "库存流水" SET "数量" = "数量" + 1 WHERE "编号" = $1', [ROW]);
      },
    },
  ];
}
