import { version } from '../../version.ts';
import type { Reference, Term } from './commands.ts';
import { ENVIRONMENT, EXIT_CODES, FILES } from './facts.ts';
import type { Chapter } from './manual.ts';
import { type Block, type Line, plain, type Span, slug } from './markdown.ts';

/** The manual and the reference as one page that asks for nothing from elsewhere. */
export function htmlPage({ summary, globals, commands }: Reference, chapters: readonly Chapter[]): string {
  const entry = (id: string, name: string) => `<li><a href="#${id}">${escaped(name)}</a></li>`;
  const pages = commands.map(
    ({ name, summary: about, asks, usage, terms }) =>
      `<section id="${anchor(name)}"><h3>${escaped(name)}</h3><p>${escaped(about)}${asks === undefined ? '' : ` (asks for ${escaped(asks)})`}</p><pre>${escaped(usage)}</pre>${list(terms)}</section>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>pgdeck ${escaped(version)}: manual and reference</title>
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
pre, dt, code { font-family: ui-monospace, monospace; font-size: 0.9em; }
code { overflow-wrap: break-word; }
pre { overflow-x: auto; padding: 0.5rem; border: 1px solid; }
dd { margin: 0 0 0.5rem 2rem; }
div { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: 0.2rem 0.6rem; border: 1px solid; }
nav ul { columns: 16rem; list-style: none; padding: 0; }
@media print { nav { display: none; } }
</style>
</head>
<body>
<h1>pgdeck ${escaped(version)}</h1>
<p>${escaped(summary)}</p>
<nav><p>Manual</p><ul>
${chapters.map(({ name, blocks }) => entry(name, titleOf(blocks))).join('\n')}
</ul><p><a href="#pgdeck">Commands</a></p><ul>
${commands.map(({ name }) => entry(anchor(name), name)).join('\n')}
</ul></nav>
${chapters.map(({ name, blocks }) => blocks.map((one) => block(one, name)).join('\n')).join('\n')}
<h2 id="pgdeck">Commands</h2>
<h3>Options of every command</h3>
${list(globals)}
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

const titleOf = (blocks: readonly Block[]): string =>
  blocks[0]?.kind === 'heading' ? plain(blocks[0].line) : '';

function block(one: Block, chapter: string): string {
  switch (one.kind) {
    case 'heading': {
      const id = one.level === 1 ? chapter : `${chapter}-${slug(one.line)}`;
      return `<h${one.level + 1} id="${id}">${set(one.line, chapter)}</h${one.level + 1}>`;
    }
    case 'paragraph':
      return `<p>${set(one.line, chapter)}</p>`;
    case 'code':
      return `<pre>${escaped(one.text)}</pre>`;
    case 'list': {
      const items = one.items.map((item) => `<li>${set(item, chapter)}</li>`).join('');
      return one.ordered ? `<ol>${items}</ol>` : `<ul>${items}</ul>`;
    }
    case 'table': {
      const cells = (tag: string, row: readonly Line[]) =>
        `<tr>${row.map((cell) => `<${tag}>${set(cell, chapter)}</${tag}>`).join('')}</tr>`;
      const rows = one.rows.map((row) => cells('td', row)).join('\n');
      return `<div><table><thead>${cells('th', one.head)}</thead><tbody>\n${rows}\n</tbody></table></div>`;
    }
  }
}

const set = (line: Line, chapter: string): string => line.map((one) => span(one, chapter)).join('');

function span(one: Span, chapter: string): string {
  switch (one.kind) {
    case 'text':
      return escaped(one.text);
    case 'code':
      return `<code>${escaped(one.text)}</code>`;
    case 'strong':
      return `<strong>${set(one.spans, chapter)}</strong>`;
    case 'emphasis':
      return `<em>${set(one.spans, chapter)}</em>`;
    case 'link':
      return `<a href="#${escaped(inside(one.target, chapter))}">${set(one.spans, chapter)}</a>`;
  }
}

/** Where a link between chapters, `profiles.md#thresholds`, leads on the page. */
function inside(target: string, chapter: string): string {
  const [file = '', part] = target.split('#', 2);
  const name = file === '' ? chapter : file.replace(/\.md$/, '');
  return part === undefined ? name : `${name}-${part}`;
}

const list = (terms: readonly Term[]): string =>
  terms.length === 0
    ? ''
    : `<dl>${terms.map(({ term, text }) => `<dt>${escaped(term)}</dt><dd>${escaped(text)}</dd>`).join('')}</dl>`;

const anchor = (name: string): string => name.replaceAll(' ', '-');

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replace(/[&<>"]/g, (found) => ENTITIES[found] ?? found);
