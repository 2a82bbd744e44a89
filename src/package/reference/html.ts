import { version } from '../../version.ts';
import type { Reference, Term } from './commands.ts';
import { ENVIRONMENT, EXIT_CODES, FILES } from './facts.ts';

/** The reference as one page that asks for nothing from elsewhere. */
export function htmlPage({ summary, globals, commands }: Reference): string {
  const contents = commands.map(({ name }) => `<li><a href="#${anchor(name)}">${escaped(name)}</a></li>`);
  const pages = commands.map(
    ({ name, summary: about, usage, terms }) =>
      `<section id="${anchor(name)}"><h3>${escaped(name)}</h3><p>${escaped(about)}</p><pre>${escaped(usage)}</pre>${list(terms)}</section>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>pgdeck ${escaped(version)}: reference</title>
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
pre, dt, code { font-family: ui-monospace, monospace; font-size: 0.9em; }
pre { overflow-x: auto; padding: 0.5rem; border: 1px solid; }
dd { margin: 0 0 0.5rem 2rem; }
nav ul { columns: 16rem; list-style: none; padding: 0; }
@media print { nav { display: none; } }
</style>
</head>
<body>
<h1>pgdeck ${escaped(version)}</h1>
<p>${escaped(summary)}</p>
<nav><ul>
${contents.join('\n')}
</ul></nav>
<h2>Options of every command</h2>
${list(globals)}
<h2>Commands</h2>
${pages.join('\n')}
<h2>Exit codes</h2>
${list(EXIT_CODES)}
<h2>Environment</h2>
${list(ENVIRONMENT)}
<h2>Files</h2>
${list(FILES)}
</body>
</html>
`;
}

const list = (terms: readonly Term[]): string =>
  terms.length === 0
    ? ''
    : `<dl>${terms.map(({ term, text }) => `<dt>${escaped(term)}</dt><dd>${escaped(text)}</dd>`).join('')}</dl>`;

const anchor = (name: string): string => name.replaceAll(' ', '-');

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replace(/[&<>"]/g, (found) => ENTITIES[found] ?? found);
