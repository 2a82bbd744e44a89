import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'rolldown';

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
const STUB = '\0stub';

/** Modules that are asked for and never needed: React's inspector, and the native driver that pg can use. */
const stubs = {
  name: 'stubs',
  resolveId: (id) => (id === 'react-devtools-core' || id === 'pg-native' ? STUB : null),
  load: (id) => (id === STUB ? 'export default {};' : null),
};

const INK_FOR_TABLE = '\0ink-for-table';
const component = (name) =>
  fileURLToPath(new URL(`node_modules/ink/build/components/${name}.js`, import.meta.url));

/** ink-table asks for ink with require(), and ink awaits at its top level: it gets the two components it uses. */
const inkForTable = {
  name: 'ink-for-table',
  resolveId: (id, importer) => (id === 'ink' && importer?.includes('/ink-table/') ? INK_FOR_TABLE : null),
  load: (id) =>
    id === INK_FOR_TABLE
      ? ['Box', 'Text']
          .map((name) => `export { default as ${name} } from ${JSON.stringify(component(name))};`)
          .join('\n')
      : null,
};

const cleanBefore = {
  name: 'clean-before',
  renderStart: ({ dir }) => rmSync(dir, { recursive: true, force: true }),
};

const executable = {
  name: 'executable',
  writeBundle: ({ dir }) => chmodSync(`${dir}/main.js`, 0o755),
};

export default defineConfig({
  input: { main: 'src/main.ts' },
  platform: 'node',
  plugins: [cleanBefore, stubs, inkForTable, executable],
  transform: {
    target: 'node22.12',
    define: {
      'process.env.NODE_ENV': JSON.stringify('production'),
      PGDECK_VERSION: JSON.stringify(version),
    },
  },
  output: {
    dir: 'dist',
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    minify: { compress: true, mangle: false },
    keepNames: false,
    banner: (chunk) => (chunk.isEntry && chunk.name === 'main' ? '#!/usr/bin/env node' : ''),
  },
});
