import type { Actor, Stage } from './actor.ts';
import { ROLES, type ShopSize } from './schema.ts';

const anyOf = (n: number): number => 1 + Math.floor(Math.random() * n);

/** What customers and the shop's own programs do all day, at a rate that leaves the machine to its owner. */
export function traffic(size: ShopSize): Actor[] {
  return [web(size), web(size), web(size), api(size), api(size), billing(), carts()];
}

function web(size: ShopSize): Actor {
  const pages: ((stage: Stage) => Promise<unknown>)[] = [
    (stage) =>
      stage.sql('SELECT id, name, price FROM products WHERE category = $1 ORDER BY price LIMIT 20', [
        ['tea', 'coffee', 'kitchen', '茶具'][anyOf(4) - 1],
      ]),
    (stage) =>
      stage.sql(
        'SELECT id, ordered_at, status, total FROM orders WHERE customer_id = $1 ORDER BY ordered_at DESC',
        [anyOf(size.customers)],
      ),
    (stage) =>
      stage.sql("UPDATE sessions SET last_seen = now() WHERE token = md5('session' || $1::int)::uuid", [
        anyOf(size.sessions),
      ]),
    (stage) =>
      stage.sql(
        'SELECT i.quantity, i.price, p.name FROM order_items i JOIN products p ON p.id = i.product_id WHERE i.order_id = $1',
        [anyOf(size.orders)],
      ),
    (stage) =>
      stage.sql('SELECT "仓库", sum("数量") AS "库存" FROM "库存流水" WHERE "商品" = $1 GROUP BY "仓库"', [
        anyOf(size.products),
      ]),
  ];
  return {
    application: 'shop-web',
    role: ROLES.app,
    play: async (stage) => {
      await pages[anyOf(pages.length) - 1]?.(stage);
      await stage.pause(70);
    },
  };
}

function api(size: ShopSize): Actor {
  return {
    application: 'shop-api',
    role: ROLES.app,
    play: async (stage) => {
      const product = anyOf(size.products);
      const quantity = anyOf(3);
      await stage.sql('BEGIN');
      const [order] = await stage.sql(
        "INSERT INTO orders (customer_id, status, total) VALUES ($1, 'new', $2) RETURNING id, ordered_at",
        [anyOf(size.customers), (10 * quantity).toFixed(2)],
      );
      await stage.sql(
        'INSERT INTO order_items (order_id, ordered_at, product_id, quantity, price) VALUES ($1, $2, $3, $4, 10)',
        [order?.id, order?.ordered_at, product, quantity],
      );
      await stage.sql('UPDATE products SET stock = stock - $2, updated_at = now() WHERE id = $1', [
        product,
        quantity,
      ]);
      await stage.sql('COMMIT');
      await stage.pause(300);
    },
  };
}

function billing(): Actor {
  return {
    application: 'billing-worker',
    role: ROLES.billing,
    play: async (stage) => {
      await stage.sql(`WITH due AS (
          SELECT id FROM payments WHERE status = 'pending' ORDER BY id LIMIT 5 FOR UPDATE SKIP LOCKED)
        UPDATE payments p SET status = 'captured', paid_at = now() FROM due WHERE p.id = due.id`);
      await stage.sql('INSERT INTO audit_log (actor, action, detail) VALUES ($1, $2, $3)', [
        ROLES.billing,
        'capture',
        JSON.stringify({ gateway: 'eu-1', batch: anyOf(100_000), note: '自动扣款' }),
      ]);
      await stage.pause(1_500);
    },
  };
}

/** Makes dead rows faster than everything else, so that autovacuum has work. */
function carts(): Actor {
  return {
    application: 'shop-web',
    role: ROLES.app,
    play: async (stage) => {
      await stage.sql(`UPDATE sessions SET data = data || jsonb_build_object('refreshed', now())
        WHERE token IN (SELECT token FROM sessions TABLESAMPLE SYSTEM (0.8))`);
      await stage.pause(2_500);
    },
  };
}
