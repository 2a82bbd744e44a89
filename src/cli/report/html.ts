import { cleanLine } from '../../text/clean.ts';
import type { Bars, Part, ReportDocument } from './document.ts';
import { cell, headOf, leftOutOf, verdictOf } from './texts.ts';

/** Nothing of the server is markup, in text or in an attribute. */
export function escaped(text: string): string {
  const marks: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return cleanLine(text).replace(/[&<>"']/g, (one) => marks[one] ?? '');
}

/** More pictures say less. */
const CHARTS = 3;

const STYLE = `
:root{color-scheme:light dark;--line:#8884;--bar:#2f6db5;--bad:#b3261e;--warn:#8a5a00;--dim:#777}
body{font:15px/1.45 system-ui,sans-serif;margin:0 auto;max-width:72rem;padding:1rem}
h1{font-size:1.35rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .2rem}
p{margin:.3rem 0}.dim{color:var(--dim);font-size:.85rem}
.table{overflow-x:auto}table{border-collapse:collapse;font-size:.82rem;width:100%}
th,td{border-bottom:1px solid var(--line);padding:.25rem .5rem;text-align:left;vertical-align:top;white-space:nowrap}
td:last-child{white-space:normal;overflow-wrap:anywhere;min-width:12rem}
.right{text-align:right;font-variant-numeric:tabular-nums}
ul{padding-left:1.1rem}li{margin:.5rem 0}code{overflow-wrap:anywhere;white-space:pre-wrap}
.critical,.alert{color:var(--bad)}.warning{color:var(--warn)}
figure{margin:.6rem 0}svg{display:block;width:100%;max-width:44rem;height:auto}svg text{font:13px system-ui,sans-serif;fill:currentColor}svg rect{fill:var(--bar)}
@media print{body{max-width:none;padding:0;font-size:10pt}.table{overflow:visible}th,td{white-space:normal;overflow-wrap:anywhere;font-size:7.5pt;padding:1pt 3pt}td:last-child{min-width:0}h2,figure,tr{break-inside:avoid}h2{break-after:avoid}}
`;

/** One file that asks for nothing else: no script, no address; its policy forbids both besides. */
export function htmlReport(document: ReportDocument): string {
  const { health, fixes, parts, server } = document;
  const findings = health.findings.map(
    ({ id, severity, title, evidence }) =>
      `<li><b class="${escaped(severity)}">${escaped(severity)}</b> ${escaped(title)}<br><span class="dim">${escaped(evidence)}</span><br>Fix: <code>${escaped(fixes.get(id) ?? '')}</code></li>`,
  );
  const unknown =
    health.unknown.length === 0
      ? ''
      : `<p class="dim">Not known: ${escaped(health.unknown.map(({ check }) => check).join(', '))}</p>`;
  let left = CHARTS;
  const sections = parts.map((part) => {
    const drawn = part.chart !== undefined && left > 0;
    if (drawn) left--;
    return sectionOf(part, drawn);
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(`Report on ${server}`)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escaped(`Report on ${server}`)}</h1>
<p class="dim">${escaped(headOf(document))}</p>
<h2>Health</h2>
<p><b>${escaped(verdictOf(document))}</b></p>
<ul>
${findings.join('\n')}
</ul>
${unknown}
${sections.join('\n')}
</body>
</html>
`;
}

function sectionOf(part: Part, drawn: boolean): string {
  const head = `<h2 id="${escaped(part.id)}">${escaped(part.title)}</h2>\n<p class="dim">${escaped(part.evidence)}</p>`;
  if (part.instead !== undefined) return `${head}\n<p>${escaped(part.instead)}</p>`;
  const right = (i: number) => (part.columns[i]?.align === 'right' ? ' class="right"' : '');
  const titles = part.columns.map(({ title }, i) => `<th${right(i)}>${escaped(title)}</th>`).join('');
  const rows = part.rows.map(
    (row) => `<tr>${row.map((text, i) => `<td${right(i)}>${escaped(cell(text, 300))}</td>`).join('')}</tr>`,
  );
  const more = leftOutOf(part);
  return [
    head,
    ...(drawn && part.chart !== undefined ? [chartOf(part.chart)] : []),
    `<div class="table"><table><thead><tr>${titles}</tr></thead><tbody>`,
    ...rows,
    '</tbody></table></div>',
    ...(more === undefined ? [] : [`<p class="dim">${escaped(more)}</p>`]),
  ].join('\n');
}

/** Units of the picture, which is as wide as its room. */
const WIDE = 640;
const ROW = 38;

/** Bars below each other, each under its name: readable at any width. */
function chartOf({ title, bars }: Bars): string {
  const most = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  const drawn = bars.map(({ name, value, text }, i) => {
    const long = Math.max(2, (value / most) * (WIDE - 110));
    return `<text x="0" y="${i * ROW + 13}">${escaped(cell(name, 70))}</text><rect x="0" y="${i * ROW + 18}" width="${long.toFixed(1)}" height="12" rx="2"/><text x="${(long + 6).toFixed(1)}" y="${i * ROW + 28}">${escaped(text)}</text>`;
  });
  return `<figure><figcaption class="dim">${escaped(title)}</figcaption><svg viewBox="0 0 ${WIDE} ${bars.length * ROW}" role="img" aria-label="${escaped(title)}">${drawn.join('')}</svg></figure>`;
}
