const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Bytes as PostgreSQL writes them: `500MB`, `10 GB`, `8192`; undefined for what is no size. */
export function sizeOf(text: string): number | undefined {
  const found = /^(\d+(?:\.\d+)?)\s*(B|kB|MB|GB|TB)?$/i.exec(text.trim());
  if (found === null) return undefined;
  const unit = UNITS.findIndex((one) => one.toLowerCase() === (found[2] ?? 'B').toLowerCase());
  return Number(found[1]) * 1024 ** unit;
}
