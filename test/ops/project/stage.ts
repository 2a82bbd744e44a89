import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inDatabase } from '../restore/stage.ts';

/** Files of a project, by their paths; what is no text becomes JSON. Answers the path of its set-up file. */
export function projectIn(directory: string, files: Readonly<Record<string, unknown>>): string {
  for (const [path, content] of Object.entries(files)) {
    const file = join(directory, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content, undefined, 2), {
      mode: 0o755,
    });
  }
  return join(directory, 'pgdeck.setup.json');
}

export const migration = (up: string, down = 'SELECT 1') =>
  `-- migrate:up\n${up};\n-- migrate:down\n${down};\n`;

/** The project's own command: notes each time that it is run. */
export const INIT_SCRIPT = `import { appendFileSync } from 'node:fs';
const { PGDATABASE, ADMIN_PASSWORD = '' } = process.env;
appendFileSync('init.log', \`\${PGDATABASE} \${ADMIN_PASSWORD.length}\\n\`);
console.log(\`the password is \${ADMIN_PASSWORD}\`);
`;

/** Drops a database and roles of a test. */
export async function gone(database: string, ...roles: string[]): Promise<void> {
  await inDatabase('postgres', async (session) => {
    await session.sql(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
    for (const role of roles) await session.sql(`DROP ROLE IF EXISTS ${role}`);
  });
}
