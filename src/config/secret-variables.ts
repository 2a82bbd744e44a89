/** Variables whose values are secrets; no program that is started inherits them. */
export const SECRET_VARIABLES = [
  'PGDECK_WEBHOOK_URL',
  'PGDECK_PING_URL',
  'PGDECK_SMTP_URL',
  'PGDECK_LISTEN_TOKEN',
] as const;
