/** Text made safe for HTML and attribute values. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** A column of a table: words begin at the left, numbers end at the right. */
export interface Column {
  readonly title: string;
  readonly kind: 'words' | 'number';
}

/** A table; cells are HTML already. Wide ones scroll on narrow screens. */
export function tableHtml(columns: readonly Column[], rows: readonly (readonly string[])[], name = ''): string {
  const cell = (tag: 'th scope="col"' | 'td', inside: string, { kind }: Column): string =>
    `<${tag}${kind === 'number' ? ' class="n"' : ''}>${inside}</${tag.split(' ')[0] ?? tag}>`;
  const head = columns.map((column) => cell('th scope="col"', escapeHtml(column.title), column)).join('');
  const body = rows.map((row) => `<tr>${columns.map((column, i) => cell('td', row[i] ?? '', column)).join('')}</tr>`);
  return (
    `<div class="scroll"><table${name === '' ? '' : ` class="${name}"`}>` +
    `<thead><tr>${head}</tr></thead><tbody>${body.join('')}` +
    '</tbody></table></div>'
  );
}

export const words = (title: string): Column => ({ title, kind: 'words' });
export const number = (title: string): Column => ({ title, kind: 'number' });

/** Pairs of a name and a value. The values are HTML already. */
export function factsHtml(facts: readonly (readonly [name: string, value: string])[]): string {
  return (
    '<dl class="facts">' +
    facts.map(([name, value]) => `<div><dt>${escapeHtml(name)}</dt><dd>${value}</dd></div>`).join('') +
    '</dl>'
  );
}

/** A section of the report. Its content is HTML already. */
export function sectionHtml(title: string, content: string, name = ''): string {
  return `<section${name === '' ? '' : ` class="${name}"`}><h2>${escapeHtml(title)}</h2>${content}</section>\n`;
}

export function paragraph(text: string, name = ''): string {
  return `<p${name === '' ? '' : ` class="${name}"`}>${escapeHtml(text)}</p>`;
}

/** The address of a JPEG that stands in the page itself. */
export function jpegAddress(bytes: Uint8Array): string {
  let binary = '';
  for (let i = 0; i < bytes.length; i += 8192) binary += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return `data:image/jpeg;base64,${btoa(binary)}`;
}

/** A page of its own: no script, nothing from elsewhere. */
export function pageHtml(title: string, style: string, content: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeHtml(title)}</title><link rel="icon" href="data:,">
<style>${style}</style></head>
<body><main>
${content}</main></body></html>
`;
}
