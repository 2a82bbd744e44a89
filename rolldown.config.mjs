import { chmodSync, readdirSync, readFileSync, rmSync } from 'node:fs';
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

const WIDTH = '\0width';
const source = (path) => fileURLToPath(new URL(path, import.meta.url));

/**
 * Unicode's tables of widths take 25 ms to load, and the first frame seldom needs them: src/text/width.ts, which looks
 * into them for what is not plain, gets them when it first does. Ink loads them by itself.
 */
const lateWidth = () => {
  let found = false;
  return {
    name: 'late-width',
    resolveId: (id, importer) => {
      if (id !== 'string-width' || importer !== source('src/text/width.ts')) return null;
      found = true;
      return WIDTH;
    },
    load: (id) =>
      id === WIDTH
        ? `export default (text) => require(${JSON.stringify(source('node_modules/string-width/index.js'))}).default(text);`
        : null,
    buildEnd() {
      if (!found) this.error('src/text/width.ts no longer imports string-width: mend or remove late-width.');
    },
  };
};

/** The layout engine would fetch() its own data: URL, and load Node's HTTP client for that; without it decodes it. */
const layoutData = () => {
  let found = false;
  return {
    name: 'layout-data',
    transform(code, id) {
      if (!id.includes('/yoga-layout/') || !code.includes('fetch(')) return null;
      found = true;
      return { code: `var fetch;\n${code}` };
    },
    buildEnd() {
      if (!found) this.error('yoga-layout no longer fetches its data: mend or remove layout-data.');
    },
  };
};

const ROWS = '\0known-rows';

/** What Ink puts frames together with: src/ui/known-rows.ts does it for the rows that are new. */
const knownRows = () => {
  let found = false;
  return {
    name: 'known-rows',
    resolveId: (id, importer) => {
      if (id !== './output.js' || !importer?.endsWith('/ink/build/renderer.js')) return null;
      found = true;
      return ROWS;
    },
    load: (id) =>
      id === ROWS
        ? `import Output from ${JSON.stringify(source('node_modules/ink/build/output.js'))};
import { withKnownRows } from ${JSON.stringify(source('src/ui/known-rows.ts'))};
export default withKnownRows(Output);`
        : null,
    buildEnd() {
      if (!found) this.error('Ink no longer puts frames together in output.js: mend or remove known-rows.');
    },
  };
};

const PARSER_BYTES = '\0parser-bytes';
const PARSER = fileURLToPath(new URL('node_modules/libpg-query/wasm/libpg-query.wasm', import.meta.url));

/** The parser of SQL reads its WebAssembly from beside itself: that file goes along, in dist or in the one file. */
const parserFile = () => {
  let found = false;
  return {
    name: 'parser-file',
    resolveId: (id) => (id === PARSER_BYTES ? id : null),
    load: (id) =>
      id === PARSER_BYTES
        ? `import { readFileSync } from 'node:fs';
import { getRawAsset, isSea } from 'node:sea';
const NAME = 'libpg-query.wasm';
export default () => isSea() ? new Uint8Array(getRawAsset(NAME)) : readFileSync(new URL(NAME, import.meta.url));`
        : null,
    transform(code, id) {
      if (!id.endsWith('/libpg-query/wasm/libpg-query.js')) return null;
      const read = 'var response=await readAsync(binaryFile);return new Uint8Array(response)';
      found = code.includes(read);
      return {
        code: code
          .replace(read, `return require(${JSON.stringify(PARSER_BYTES)}).default()`)
          .replaceAll('__dirname', '""'),
      };
    },
    buildEnd() {
      if (!found) this.error('libpg-query reads its file in another way now: mend parser-file.');
    },
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: 'libpg-query.wasm', source: readFileSync(PARSER) });
    },
  };
};

/** What the console loads before its first frame, layer by layer: each needs those before it only. */
const LAYERS = ['command', 'settings', 'server', 'operations', 'console'];
const layerOf = (id) =>
  /[/]src[/](app|ui)[/]/.test(id) ? 'console' : /[/]src[/](ops|hosts)[/]/.test(id) ? 'operations' : 'server';

/** Each file that Node has to find costs a start as much as a hundred kilobytes in one: a layer is one file. */
const layers = () => {
  const found = new Map();
  return {
    plugin: {
      name: 'layers',
      buildEnd() {
        // the benchmark bundles parts of the console
        if (!this.getModuleInfo(source('src/main.ts'))) return;
        const gather = (id, nameOf) => {
          if (found.has(id)) return;
          found.set(id, nameOf(id));
          for (const next of this.getModuleInfo(id)?.importedIds ?? []) gather(next, nameOf);
        };
        const from = (path, nameOf) => {
          if (!this.getModuleInfo(source(path))) this.error(`There is no ${path}: mend layers.`);
          gather(source(path), nameOf);
        };
        for (const path of ['src/cli/output.ts', 'src/cli/program.ts']) from(path, () => 'command');
        for (const path of ['src/config/store.ts', 'src/config/profile.ts', 'src/hosts/with-route.ts'])
          from(path, () => 'settings');
        from('src/ui/start.ts', layerOf);
      },
    },
    groups: LAYERS.map((name, i) => ({
      name: `layer-${name}`,
      test: (id) => found.get(id) === name,
      priority: LAYERS.length - i,
    })),
  };
};
const layered = layers();

const cleanBefore = {
  name: 'clean-before',
  renderStart: ({ dir }) => rmSync(dir, { recursive: true, force: true }),
};

const executable = {
  name: 'executable',
  writeBundle: ({ dir }) => chmodSync(`${dir}/main.js`, 0o755),
};

/** The licences of what is bundled, as they ask to be passed on. */
const licences = {
  name: 'licences',
  generateBundle(_options, bundle) {
    const modules = Object.values(bundle).flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []));
    const packages = new Map();
    for (const id of modules) {
      const [folder, name] = /^.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(id) ?? [];
      if (folder !== undefined) packages.set(name, folder);
    }
    const texts = [...packages].sort().map(([name, folder]) => {
      const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
      const manifest = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
      const text =
        file === undefined
          ? `Licence: ${manifest.license}`
          : readFileSync(`${folder}/${file}`, 'utf8').trim();
      return `${name} ${manifest.version}\n\n${text}\n`;
    });
    this.emitFile({
      type: 'asset',
      fileName: 'THIRD-PARTY-LICENSES.txt',
      source: texts.join(`\n${'-'.repeat(78)}\n\n`),
    });
  },
};

export default defineConfig({
  input: { main: 'src/main.ts' },
  platform: 'node',
  // its other form asks for its own parts with a require() that is handed in, which nothing can follow
  resolve: { alias: { 'jsonc-parser': source('node_modules/jsonc-parser/lib/esm/main.js') } },
  plugins: [
    cleanBefore,
    layered.plugin,
    lateWidth(),
    layoutData(),
    knownRows(),
    stubs,
    inkForTable,
    parserFile(),
    licences,
    executable,
  ],
  transform: {
    target: 'node24',
    define: {
      'process.env.NODE_ENV': JSON.stringify('production'),
      PGDECK_VERSION: JSON.stringify(version),
    },
  },
  output: {
    dir: 'dist',
    codeSplitting: { groups: layered.groups },
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    minify: { compress: true, mangle: false },
    keepNames: false,
    banner: (chunk) => (chunk.isEntry && chunk.name === 'main' ? '#!/usr/bin/env node' : ''),
  },
});
