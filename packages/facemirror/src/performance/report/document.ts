import type { SeriesPoint } from '../../results/summary.js';
import type { Stage } from 'facemirror-core/profile/stages.js';
import type { TimelineSpan } from '../../results/summary.js';

/** A piece of the report, drawn by each renderer in its own way. */
export type Block =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | { readonly kind: 'figures'; readonly rows: readonly (readonly [label: string, value: string])[] }
  | { readonly kind: 'table'; readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] }
  | { readonly kind: 'log'; readonly lines: readonly string[] }
  /** Lengths side by side; `text` is the value in words, `stage` lends its colour. */
  | { readonly kind: 'bars'; readonly title: string; readonly bars: readonly Bar[] }
  | {
      readonly kind: 'series';
      readonly title: string;
      readonly unit: string;
      readonly axis: string;
      readonly points: readonly SeriesPoint[];
    }
  | { readonly kind: 'timeline'; readonly title: string; readonly spans: readonly TimelineSpan[] };

export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly text: string;
  readonly stage?: Stage;
}

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
