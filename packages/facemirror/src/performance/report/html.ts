import { escapeHtml } from 'facemirror-core/report/html.js';
import { barChart, seriesChart, timelineChart } from './charts.js';
import type { Block, ReportDocument } from './document.js';

const STYLE = `
:root{color-scheme:light dark;--bg:#fbfaf8;--fg:#1d2430;--muted:#5f6b7a;--card:#fff;--edge:#e3e0da;--accent:#3a5fcd;--shade:#3a5fcd33;--bar:58%}
@media screen and (prefers-color-scheme:dark){:root{--bg:#14171c;--fg:#e7e9ee;--muted:#9aa5b4;--card:#1c2027;--edge:#2d333d;--accent:#8aa8ff;--shade:#8aa8ff33;--bar:66%}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--fg);font:16px/1.55 system-ui,sans-serif}
main{max-width:980px;margin:0 auto;padding:40px 24px 80px}@media(max-width:600px){main{padding:20px 10px 40px}section{padding:14px 12px}}h1{font-size:1.9rem;line-height:1.2;margin:0 0 8px}
.subtitle{color:var(--muted);margin:0 0 32px}dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:0 0 20px}dl div{background:var(--card);border:1px solid var(--edge);border-radius:12px;padding:12px 16px}dt{color:var(--muted);font-size:.85rem}dd{margin:2px 0 0;font-size:1.2rem;font-weight:650;font-variant-numeric:tabular-nums}
section{background:var(--card);border:1px solid var(--edge);border-radius:12px;padding:20px 24px;margin:0 0 20px}
h2{font-size:1.25rem;margin:0 0 12px}h3{font-size:1.02rem;margin:24px 0 8px}p{margin:8px 0}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.92rem}
th,td{padding:6px 10px;border-bottom:1px solid var(--edge);text-align:right;vertical-align:top}th:first-child,td:first-child,.words{text-align:left}td{white-space:nowrap}.words,.figures td:last-child{white-space:normal;min-width:10em}h1,h3,li,p{overflow-wrap:anywhere}
.figures td,.figures th{text-align:left}.figures th{font-weight:400;padding-right:16px;width:1%}.figures td:last-child{overflow-wrap:anywhere}@media(min-width:601px){.figures th{white-space:nowrap}}
th{color:var(--muted);font-weight:600}.impact{display:inline-block;border-radius:999px;padding:0 10px;font-weight:600}
.HIGH{background:#d6453d22;color:#bf3129}.MEDIUM{background:#d68b0022;color:#8a5600}.LOW,.no{background:#2e9e5b22;color:#1a6f3d}
@media screen and (prefers-color-scheme:dark){.HIGH{color:#ff8d86}.MEDIUM{color:#f5bd55}.LOW,.no{color:#71d79b}}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--bg);border:1px solid var(--edge);border-radius:8px;padding:12px;font-size:.8rem}
figure{margin:16px 0}figcaption{color:var(--muted);font-size:.9rem;margin-bottom:4px}svg{display:block;width:100%;min-width:640px;height:auto}
svg text{fill:var(--muted);font-size:12px}.grid{stroke:var(--edge)}.line{fill:none;stroke:var(--accent);stroke-width:1.6}.shade{fill:var(--shade)}
.legend{display:flex;flex-wrap:wrap;gap:4px 16px;color:var(--muted);font-size:.85rem}.legend i{display:inline-block;width:12px;height:12px;border-radius:3px;margin-right:6px;background:hsl(var(--hue) 60% var(--bar))}
@media print{body{font-size:11px}main{padding:0;max-width:none}.scroll{overflow:visible}section{break-inside:auto;padding:12px}h2,h3{break-after:avoid}figure,tr,dl{break-inside:avoid}td,th{white-space:normal;padding:3px 5px}svg{min-width:0}}
.plain{fill:var(--accent)}.span{fill:hsl(var(--hue) 60% var(--bar))}.span.odd{opacity:.7}.span:hover{stroke:var(--fg)}
`;

/** The report as one self-contained HTML page: no script, no reference to anything outside. */
export function renderHtml(report: ReportDocument): string {
  const sections = report.sections.map((section) => {
    const subsections = section.subsections.map(
      (each) => `<h3>${escapeHtml(each.title)}</h3>${each.blocks.map(renderBlock).join('')}`,
    );
    return `<section><h2>${escapeHtml(section.title)}</h2>${section.blocks.map(renderBlock).join('')}${subsections.join('')}</section>`;
  });
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escapeHtml(report.title)}</title><link rel="icon" href="data:,"><style>${STYLE}</style></head>
<body><main><h1>${escapeHtml(report.title)}</h1><p class="subtitle">${escapeHtml(report.subtitle)}</p>
<dl>${report.headline.map(([label, value]) => `<div><dt>${escapeHtml(label)}</dt><dd>${escapeHtml(value)}</dd></div>`).join('')}</dl>
${sections.join('\n')}
</main></body></html>
`;
}

function renderBlock(block: Block): string {
  switch (block.kind) {
    case 'text':
      return `<p>${escapeHtml(block.text)}</p>`;
    case 'list':
      return block.items.length === 0
        ? ''
        : `<ul>${block.items.map((item) => `<li>${escapeHtml(item)}</li>`).join('')}</ul>`;
    case 'figures':
      return `<div class="scroll"><table class="figures">${block.rows.map(([label, value]) => `<tr><th scope="row">${escapeHtml(label)}</th><td>${escapeHtml(value)}</td></tr>`).join('')}</table></div>`;
    case 'table':
      return renderTable(block.head, block.rows);
    case 'bars':
      return block.bars.length === 0 ? '' : figure(block.title, barChart(block.title, block.bars));
    case 'log':
      return `<pre>${escapeHtml(block.lines.join('\n'))}</pre>`;
    case 'series':
      return block.points.length === 0
        ? ''
        : figure(block.title, seriesChart(block.title, block.points, block.unit, block.axis));
    case 'timeline':
      return block.spans.length === 0 ? '' : figure(block.title, timelineChart(block.title, block.spans));
  }
}

/** Columns of numbers end at the right, columns of words begin at the left. */
function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const isWords = head.map((_, column) =>
    rows.some((row) => /^[A-Za-z]/.test(row[column] ?? '') && (row[column] ?? '').length > 16),
  );
  const cell = (tag: 'th' | 'td', inside: string, column: number): string =>
    `<${tag}${tag === 'th' ? ' scope="col"' : ''}${isWords[column] === true ? ' class="words"' : ''}>${inside}</${tag}>`;
  const header = head.map((name, column) => cell('th', escapeHtml(name), column));
  const body = rows.map(
    (row) => `<tr>${row.map((text, column) => cell('td', renderCell(text), column)).join('')}</tr>`,
  );
  return `<div class="scroll"><table><thead><tr>${header.join('')}</tr></thead><tbody>${body.join('')}</tbody></table></div>`;
}

function renderCell(cell: string): string {
  const impact = /^(HIGH|MEDIUM|LOW|no) overhead$/.exec(cell)?.[1];
  return impact === undefined ? escapeHtml(cell) : `<span class="impact ${impact}">${escapeHtml(cell)}</span>`;
}

function figure(title: string, picture: string): string {
  return `<figure><figcaption>${escapeHtml(title)}</figcaption>${picture}</figure>`;
}
