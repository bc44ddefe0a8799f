import { printable } from '../format.js';
import type { Table } from '../tables.js';

/** A piece of finished HTML: only what this folder made itself or what went through `text`. */
export type Html = string & { readonly __html: true };

/** A stranger's text as HTML text, fit for attribute values too. */
export function text(value: string | number): Html {
  const safe = printable(String(value))
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/'/g, '&#39;');
  return safe as Html;
}

/** Puts HTML together: strings and numbers that are put in are escaped, HTML and lists of it are taken as they are. */
export function html(parts: TemplateStringsArray, ...values: readonly (Html | readonly Html[] | Escaped)[]): Html {
  return parts.reduce((whole, part, place) => `${whole}${piece(values[place - 1])}${part}`) as Html;
}

/** Marks a text that `html` is to escape. */
export class Escaped {
  readonly value: string | number;
  constructor(value: string | number) {
    this.value = value;
  }
}

export function esc(value: string | number): Escaped {
  return new Escaped(value);
}

function piece(value: Html | readonly Html[] | Escaped | undefined): string {
  if (value === undefined) return '';
  if (value instanceof Escaped) return text(value.value);
  return typeof value === 'string' ? value : value.join('');
}

export const NOTHING = '' as Html;

/** A table with its caption for screen readers; the first column heads its rows. */
export function tableHtml({ columns, rows }: Table, caption: string, className = ''): Html {
  const side = (column: number): Html => (columns[column]?.isNumber === true ? html` class="n"` : NOTHING);
  const head = columns.map(({ title }, column) => html`<th scope="col"${side(column)}>${esc(title)}</th>`);
  const body = rows.map(
    (row) =>
      html`<tr>${row.map((cell, column) => (column === 0 ? html`<th scope="row"${side(0)}>${esc(cell)}</th>` : html`<td${side(column)}>${esc(cell)}</td>`))}</tr>`,
  );
  return html`<div class="scroll"><table class="${esc(className)}"><caption class="unseen">${esc(caption)}</caption><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}

/** JSON within a script element: nothing in it can end the element or open a comment. */
export function jsonHtml(value: unknown): Html {
  return JSON.stringify(value)
    .replace(/</g, '\\u003c')
    .replace(/>/g, '\\u003e')
    .replace(/\u2028/g, '\\u2028')
    .replace(/\u2029/g, '\\u2029') as Html;
}
