import type { GraphView, NodeView, ValueView } from '../providers/graph-view.js';

type Shape = readonly (number | string)[];

/**
 * What is known of each value's shape from any form of a model.
 *
 * One form has shapes that another hides behind computed sizes. Work and bytes of two forms can only be compared when
 * both count with the same shapes: otherwise a form looks light for no other reason than that less is known of it.
 */
export class KnownShapes {
  readonly #shapes = new Map<string, Shape>();

  learn(graph: GraphView): void {
    for (const node of graph.nodes) {
      for (const { name, shape } of node.outputs) {
        if (name !== '' && shape !== null) this.#shapes.set(name, merge(this.#shapes.get(name), shape));
      }
    }
  }

  completeValue(value: ValueView): ValueView {
    const known = this.#shapes.get(value.name);
    return known === undefined ? value : { ...value, shape: merge(known, value.shape ?? known) };
  }

  complete(node: NodeView): NodeView {
    const complete = (value: ValueView): ValueView => this.completeValue(value);
    return { ...node, inputs: node.inputs.map(complete), outputs: node.outputs.map(complete) };
  }
}

/** Numbers where either has one; a value of another rank is another value under the same name. */
function merge(known: Shape | undefined, next: Shape): Shape {
  if (known?.length !== next.length) return next;
  return next.map((dim, axis) => (typeof dim === 'number' ? dim : (known[axis] ?? dim)));
}
