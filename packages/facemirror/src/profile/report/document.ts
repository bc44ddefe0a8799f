import type { SeriesPoint } from '../series.js';
import type { TimelineSpan } from '../summary.js';

/** A piece of the report, drawn by each renderer in its own way. */
export type Block =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | { readonly kind: 'figures'; readonly rows: readonly (readonly [label: string, value: string])[] }
  | { readonly kind: 'table'; readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] }
  | { readonly kind: 'log'; readonly lines: readonly string[] }
  | { readonly kind: 'series'; readonly title: string; readonly unit: string; readonly axis: string; readonly points: readonly SeriesPoint[] }
  | { readonly kind: 'timeline'; readonly title: string; readonly spans: readonly TimelineSpan[] };

/** A headed part of the report. */
export interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
  readonly subsections: readonly { readonly title: string; readonly blocks: readonly Block[] }[];
}

/** The report before it is rendered. */
export interface ReportDocument {
  readonly title: string;
  readonly subtitle: string;
  /** The few figures that a reader in a hurry looks for. */
  readonly headline: readonly (readonly [label: string, value: string])[];
  readonly sections: readonly Section[];
}
