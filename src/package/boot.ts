import { registerHooks } from 'node:module';
import { getAsset } from 'node:sea';
import { constants, Script } from 'node:vm';

/*
 * What the one file runs first: the chunks of the program are its assets, and are loaded by an address of their own that
 * no file system has. It is CommonJS since Node takes nothing else there.
 */

/** An address of a file, since createRequire() takes no other; nothing is read from it. */
const BASE = 'file:///pgdeck-in-one-file/';

registerHooks({
  resolve: (specifier, context, next) => {
    const inside = context.parentURL?.startsWith(BASE) === true && specifier.startsWith('./');
    if (!inside && !specifier.startsWith(BASE)) return next(specifier, context);
    return { url: new URL(specifier, context.parentURL ?? BASE).href, format: 'module', shortCircuit: true };
  },
  load: (url, context, next) =>
    url.startsWith(BASE)
      ? { source: getAsset(url.slice(BASE.length), 'utf8'), format: 'module', shortCircuit: true }
      : next(url, context),
});

/** Set before this by a thread of the program: the chunk that it is. */
declare const PGDECK_THREAD: string | undefined;

const first = typeof PGDECK_THREAD === 'string' ? PGDECK_THREAD : `${BASE}main.js`;
// that this is experimental is known, and is for nobody who runs pgdeck; every other warning is told
const { emitWarning } = process;
process.emitWarning = (warning: string | Error, ...rest: never[]) => {
  process.emitWarning = emitWarning;
  if (!String(warning).includes('USE_MAIN_CONTEXT_DEFAULT_LOADER'))
    emitWarning.call(process, warning, ...rest);
};

// import() of this script is refused, since what Node runs first there is no module
new Script(`import(${JSON.stringify(first)})`, {
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
}).runInThisContext();
