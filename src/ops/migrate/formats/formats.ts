/** Every format. Adding one is its folder and a line here. */
export { dbmate } from './dbmate/dbmate.ts';
export { diesel } from './diesel/diesel.ts';
export { drizzle } from './drizzle/drizzle.ts';
export { drizzle1 } from './drizzle-1/drizzle-1.ts';
export { flyway } from './flyway/flyway.ts';
export { golangMigrate } from './golang-migrate/golang-migrate.ts';
export { goose } from './goose/goose.ts';
export { hasura } from './hasura/hasura.ts';
export { nodePgMigrate } from './node-pg-migrate/node-pg-migrate.ts';
export { prisma } from './prisma/prisma.ts';
export { sqlx } from './sqlx/sqlx.ts';
export { supabase } from './supabase/supabase.ts';
