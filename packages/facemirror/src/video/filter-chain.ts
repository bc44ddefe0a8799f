import { Filter, FilterGraph, type FilterContext } from 'node-av';
import { expectSuccess } from './ffmpeg.js';

/** A filter by FFmpeg's name, with its arguments. */
export type FilterStep = readonly [name: string, args: string | null];

/** FFmpeg filters in a row: what goes into the first comes out of the last. Close it on every path. */
export class FilterChain {
  readonly source: FilterContext;
  readonly sink: FilterContext;
  readonly #graph = new FilterGraph();

  /** @param source where frames go in; `sink`: where they come out. */
  constructor(source: FilterStep, steps: readonly FilterStep[], sink: FilterStep) {
    this.#graph.alloc();
    try {
      this.source = this.#add(source);
      let end = this.source;
      for (const step of [...steps, sink]) {
        const next = this.#add(step);
        expectSuccess(end.link(0, next, 0), 'avfilter_link');
        end = next;
      }
      this.sink = end;
      expectSuccess(this.#graph.configSync(), 'avfilter_graph_config');
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    this.#graph.free();
  }

  #add([name, args]: FilterStep): FilterContext {
    const filter = Filter.getByName(name);
    const context = filter === null ? null : this.#graph.createFilter(filter, name, args);
    if (context === null) throw new Error(`FFmpeg has no filter "${name}".`);
    return context;
  }
}
