import type { Actor } from './actor.ts';
import { ROLES } from './schema.ts';

/** What runs long: reports, forgotten transactions, maintenance. */
export function chores(): Actor[] {
  const snapshot = { held: false };
  return [report(), forgotten(snapshot), notebook(), maintenance(snapshot)];
}

/** What runs for long runs seldom: less than 50 times an hour, else health tells of nothing but slow statements. */
const SELDOM_MS = 90_000;

function report(): Actor {
  return {
    application: 'reporting',
    role: ROLES.analyst,
    play: async (stage) => {
      await stage.sql(`SELECT to_char(date_trunc('month', o.ordered_at), 'YYYY-MM') AS month, o.currency,
          count(DISTINCT o.customer_id) AS customers,
          sum(i.quantity * i.price) AS revenue,
          sum(i.quantity * i.price) * exchange_rate(o.currency, min(o.ordered_at)::date) AS revenue_eur
        FROM orders o JOIN order_items i ON (i.order_id, i.ordered_at) = (o.id, o.ordered_at)
        GROUP BY date_trunc('month', o.ordered_at), o.currency
        ORDER BY 1, 2`);
      await stage.pause(SELDOM_MS);
    },
  };
}

/** Its snapshot keeps VACUUM from removing rows and CREATE INDEX CONCURRENTLY from finishing. */
function forgotten(snapshot: { held: boolean }): Actor {
  return {
    application: 'psql',
    role: ROLES.analyst,
    play: async (stage) => {
      await stage.sql('BEGIN ISOLATION LEVEL REPEATABLE READ');
      await stage.sql("SELECT count(*) FROM orders WHERE status = 'returned' -- 本月退货");
      snapshot.held = true;
      try {
        await stage.pause(15_000);
      } finally {
        snapshot.held = false;
      }
      await stage.sql('COMMIT');
      await stage.pause(15_000);
    },
  };
}

/**
 * Forgotten for so long that health tells of it: rows that die stay, and autovacuum works on sessions in vain. It has
 * written, so it holds the horizon by its transaction id; CREATE INDEX CONCURRENTLY does not wait for one without a
 * snapshot. Once ended it stays away for a while, in which autovacuum catches up.
 */
function notebook(): Actor {
  let opened = false;
  return {
    application: 'notebook',
    role: ROLES.analyst,
    play: async (stage) => {
      if (opened) await stage.pause(40_000);
      opened = true;
      await stage.sql('BEGIN');
      await stage.sql(`CREATE TEMPORARY TABLE returns ON COMMIT DROP AS
        SELECT customer_id, count(*), sum(total) FROM orders WHERE status = 'returned' GROUP BY customer_id`);
      await stage.pause(240_000);
      await stage.sql('COMMIT');
    },
  };
}

function maintenance(snapshot: { readonly held: boolean }): Actor {
  return {
    application: 'migrate',
    role: ROLES.dba,
    play: async (stage) => {
      await stage.sql("SET vacuum_cost_delay = '20ms'; SET vacuum_cost_limit = 5");
      await stage.pause(6_000);
      await stage.sql('ANALYZE order_items');
      await stage.pause(4_000);
      await stage.sql('DROP INDEX CONCURRENTLY IF EXISTS order_items_product_id_idx');
      await stage.cue(() => snapshot.held);
      await stage.sql('CREATE INDEX CONCURRENTLY order_items_product_id_idx ON order_items (product_id)');
      await stage.pause(SELDOM_MS);
    },
  };
}
