import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { defineConfig } from 'rolldown';

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
const STUB = '\0stub';

/** Modules that are asked for and never needed: React's inspector, and the native driver that pg can use. */
const stubs = {
  name: 'stubs',
  resolveId: (id) => (id === 'react-devtools-core' || id === 'pg-native' ? STUB : null),
  load: (id) => (id === STUB ? 'export default {};' : null),
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
  plugins: [cleanBefore, stubs, executable],
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
